"""Play a scenario on the dispatch core, and say what is wrong with what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

from reconciler.dispatch.cursor import CURSOR_KEY
from reconciler.dispatch.ports import UnavailableError
from reconciler.dispatch.wake import NothingAppliedError, Ports, WakeRequest, wake
from tests.simulation.checker import problems
from tests.simulation.faults import Container, Killed
from tests.simulation.ports import simulated_ports
from tests.simulation.scenario import Scenario, WakeEvent, draw_scenario
from tests.simulation.virtual_time import VirtualLoop, run_virtually
from tests.simulation.world import Execution, World

DAYS: Final = 14
SCHEDULES: Final = 40

Break = Callable[[Ports, WakeRequest], Ports]
"""Makes the core behave wrongly, by what it changes between the core and its ports."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one seed.

    Attributes:
        starts: calls that were started.
        problems: what broke a promise; empty when all is well.
    """

    seed: int
    wakes: int
    starts: int
    problems: tuple[str, ...]


def simulate(
    seed: int, *, days: int = DAYS, schedules: int = SCHEDULES, broken: Break | None = None
) -> Outcome:
    """Play the scenario of a seed."""
    scenario = draw_scenario(seed, days, schedules)
    world = run_virtually(_play(scenario, broken))
    found = problems(scenario, world)
    return Outcome(seed, len(world.executions), len(world.starts), tuple(found))


async def _play(scenario: Scenario, broken: Break | None) -> World:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    world = World(loop)
    begin = world.now
    world.generations = [(begin + at, generation) for at, generation in scenario.generations]
    for at in scenario.cursor_lost:
        loop.call_later(at, world.entries.pop, CURSOR_KEY, None)
    random = Random(scenario.seed)
    wakes = [
        asyncio.create_task(_serve(world, event, Random(random.random()), number, broken))
        for number, event in enumerate(scenario.wakes)
    ]
    await asyncio.gather(*wakes)
    return world


async def _serve(
    world: World, event: WakeEvent, random: Random, number: int, broken: Break | None
) -> None:
    """One wake; a container that dies may be started again on it, as Modal does."""
    await asyncio.sleep(event.at - asyncio.get_running_loop().time())
    for restart in range(3):
        container = Container(world, event.climate, random, event.skew)
        container.throttled = event.throttled
        container.by_hand = event.as_if is not None
        request = WakeRequest(
            wake=f"wake-{number}", token=f"{number}.{restart}", slot=event.slot, as_if=event.as_if
        )
        died = await _execute(world, container, request, event, broken)
        if not died or random.random() < 0.5:
            return
        await asyncio.sleep(10)


async def _execute(
    world: World,
    container: Container,
    request: WakeRequest,
    event: WakeEvent,
    broken: Break | None,
) -> bool:
    """Run the core once; returns whether its container died."""
    began = world.now
    if event.skew > 0:
        world.foreseen.append((began, began + event.skew))
    ports = simulated_ports(container, event.staleness)
    died = False
    try:
        await wake(ports if broken is None else broken(ports, request), request)
    except Killed:
        died = True
    except (UnavailableError, NothingAppliedError):
        container.disturb()
    true_and_new = event.skew == 0 and event.staleness == 0 and request.regular
    clean = true_and_new and not container.disturbed
    world.executions.append(Execution(began, world.now, clean))
    if not clean:
        world.disturbed |= container.in_hand
    return died
