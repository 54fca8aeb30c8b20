"""Play a scenario on the dispatch core, and say what is wrong with what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from reconciler.dispatch.answers import UnavailableError
from reconciler.dispatch.decide.due import find_due
from reconciler.dispatch.wake.request import NothingAppliedError, UnknownScheduleError, WakeRequest
from reconciler.model.cursor import Lookback
from tests.simulation.checker import problems
from tests.simulation.core import Core, ThisVersion
from tests.simulation.faults import Climate, Container, Killed
from tests.simulation.harm import do_harm, lose_cursor
from tests.simulation.ports import simulated_ports
from tests.simulation.repair import empty_and_repair
from tests.simulation.scenario import Scenario, draw_crowd, draw_scenario
from tests.simulation.supervised import RESTART_AFTER, Supervisors
from tests.simulation.tasks import Answered, answer
from tests.simulation.virtual_time import VirtualLoop, run_virtually
from tests.simulation.wakes import WakeEvent
from tests.simulation.world import Execution, World

DAYS: Final = 14
SCHEDULES: Final = 40
COMMAND: Final = "python -m tests.simulation"
CROWD: Final = 10_000
"""Schedules that are due in the same minute, in a crowd."""
SHOWN: Final = 5
"""Problems of one seed that are shown."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one seed.

    Attributes:
        again: the command that plays it again.
        starts: calls that wakes started.
        met: which call of a port met which fault.
        problems: what broke a promise; empty when all is well.
    """

    seed: int
    again: str
    wakes: int
    starts: int
    met: frozenset[tuple[str, str]]
    problems: tuple[str, ...]

    def report(self, broken: str | None = None) -> str:
        """What is wrong, and how to play it again, also with a core that is broken on purpose."""
        count = f"{len(self.problems):,} problem{'s'[: len(self.problems) != 1]}"
        again = self.again if broken is None else f'{self.again} --broken "{broken}"'
        some = "".join(f"\n  {problem}" for problem in self.problems[:SHOWN])
        return f"seed {self.seed}: {count}; {again}{some}"


def simulate(
    seed: int, *, days: int = DAYS, schedules: int = SCHEDULES, climate: Climate | None = None
) -> Outcome:
    """Play the scenario of a seed, if given in another climate than its own."""
    again = f"{COMMAND} --first {seed} --seeds 1 --crowds 0"
    if (days, schedules) != (DAYS, SCHEDULES):
        again += f" --days {days} --schedules {schedules}"
    return play(draw_scenario(seed, days, schedules, climate), again)


def simulate_crowd(seed: int, *, schedules: int = CROWD) -> Outcome:
    """Play a crowd: all schedules are due in the same minute."""
    return play(draw_crowd(seed, schedules), f"{COMMAND} --first {seed} --seeds 0 --crowds 1")


def play(scenario: Scenario, again: str, core: Core | None = None) -> Outcome:
    """Play a scenario, with another core than this version's if one is given."""
    world, answers = run_virtually(_play(scenario, core or ThisVersion()))
    starts = sum(len(calls) for calls in world.starts.values())
    found = problems(scenario, world, answers)
    return Outcome(
        scenario.seed, again, len(world.executions), starts, frozenset(world.met), tuple(found)
    )


def played(scenario: Scenario, core: Core | None = None) -> World:
    """The world in which a scenario was played, unchecked."""
    world, _answers = run_virtually(_play(scenario, core or ThisVersion()))
    return world


async def _play(scenario: Scenario, core: Core) -> tuple[World, Sequence[Answered]]:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    world = World(loop, list(scenario.generations))
    for at in scenario.cursor_lost:
        loop.call_later(at, lose_cursor, world)
    for harming in scenario.harms:
        loop.call_later(harming.at, do_harm, world, harming)
    repairing = asyncio.create_task(empty_and_repair(world, scenario))
    random = Random(scenario.seed)
    supervisors = Supervisors(world, scenario.climate, random, core)
    asked: list[asyncio.Task[None]] = []

    def ask() -> None:
        """Ask for a wake, as the supervisor does; some are lost like those of crons."""
        if world.over or ends.random() < scenario.climate.lost:
            return
        event = WakeEvent(loop.time() + 3, "on_demand", scenario.climate)
        service = _Service(world, scenario, event, Random(ends.random()), supervisors, core)
        asked.append(asyncio.create_task(service.run(f"asked-{len(asked)}")))

    ends = Random(f"the ends of seed {scenario.seed}")
    supervisors.ended = ask
    wakes = [
        asyncio.create_task(
            _Service(world, scenario, event, Random(random.random()), supervisors, core).run(
                f"wake-{number}"
            )
        )
        for number, event in enumerate(scenario.wakes)
    ]
    programs = [
        asyncio.create_task(answer(world, request, Random(random.random())))
        for request in scenario.requests
        if request.at < scenario.days * 86400
    ]
    await asyncio.gather(repairing, *wakes)
    while not all(job.done() for job in asked):
        await asyncio.gather(*asked)
    answers = await asyncio.gather(*programs)
    world.over = world.now
    if supervisors.jobs:
        done, _ = await asyncio.wait(supervisors.jobs)
        for job in done:
            if not job.cancelled():
                job.result()
    return world, answers


@dataclass(frozen=True, slots=True)
class _Service:
    """Modal's side of one wake: its containers, one after the other."""

    world: World
    scenario: Scenario
    event: WakeEvent
    random: Random
    supervisors: Supervisors
    core: Core

    async def run(self, wake: str) -> None:
        """A container that dies may be started again on the same call."""
        await asyncio.sleep(self.event.at - asyncio.get_running_loop().time())
        for restart in range(3):
            request = WakeRequest(
                wake=wake,
                token=f"{wake}.{restart}",
                slot=self.event.slot,
                as_if=self.event.as_if,
                trigger=self._triggered(),
            )
            died = await self._execute(request)
            if not died or self.random.random() < 0.5:
                return
            await asyncio.sleep(RESTART_AFTER)

    def _triggered(self) -> str | None:
        """The schedule that a person asks for; None for other wakes, and while none is live."""
        world, event = self.world, self.event
        generation = world.live(world.now - event.staleness)
        if event.trigger is None or generation is None:
            return None
        now = int((world.now + event.skew) // 60)
        due = [one.record for one in find_due(generation, Lookback(now - 1), now)]
        records = due or generation.records
        record = records[int(event.trigger * len(records))]
        world.triggered.add(record.occurrence(now).id)
        return record.name

    async def _execute(self, request: WakeRequest) -> bool:
        """Run the core once; returns whether its container died."""
        world, event = self.world, self.event
        container = Container(
            world,
            event.climate,
            self.random,
            skew=event.skew,
            latency=self.scenario.latency or event.latency,
            throttled=event.throttled,
        )
        container.by_hand = not request.regular
        began = world.now
        ports = simulated_ports(container, event.staleness, self.supervisors.watch)
        died = False
        try:
            await self.core.wake(began, ports, request)
        except Killed:
            died = True
        except (UnavailableError, NothingAppliedError, UnknownScheduleError):
            container.troubled = world.now
        if event.skew > 0:
            # While it was at work it may have looked again, as of a later time.
            world.foreseen.append((began, world.now + event.skew))
        true_and_new = event.skew == 0 and event.staleness == 0 and request.regular
        clean = true_and_new and not container.disturbed
        world.executions.append(Execution(began, world.now, clean))
        if not clean:
            world.disturbed |= container.in_hand
        return died
