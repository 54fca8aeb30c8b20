"""Seeded hours of wakes that meet, die and are late, while people decide about a backfill.

Safety: no run starts twice under at-most-once, nor more at once than the plan allows, nor any after
a cancellation has returned. Liveness: a backfill that is let run comes to its end, with every run
settled.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from reconciler.deploy.backfills import BackfillDesk
from reconciler.deploy.fakes import FakeFiles
from reconciler.dispatch.adapters.in_memory import FakeCaller, FakeClaims, FakeClock
from reconciler.dispatch.answers import CallState, CallStatus
from reconciler.dispatch.wake.request import Ports, WakeRequest
from reconciler.dispatch.wake.wake import wake
from reconciler.model.backfill import BackfillState
from reconciler.model.formats import Entry
from reconciler.policies import Delivery
from tests.dispatch.backfill_scenario import BackfillWorld, backfill_of
from tests.dispatch.scenario import at, hourly
from tests.simulation.virtual_time import run_virtually

SEEDS = range(24)
RUNS, PARALLEL, MINUTES = 9, 3, 45
START = at("10:01")


@dataclass
class JumpyClaims(FakeClaims):
    """Entries whose answers come after a while, so that wakes meet everywhere."""

    random: Random = field(default_factory=Random)

    async def _wait(self) -> None:
        await asyncio.sleep(self.random.choice((0, 0, 0.05, 0.3)))

    async def put_new(self, key: str, entry: Entry) -> bool:
        await self._wait()
        return await super().put_new(key, entry)

    async def get(self, key: str) -> Entry | None:
        found = await super().get(key)
        await self._wait()
        return found

    async def put(self, key: str, entry: Entry) -> None:
        await self._wait()
        await super().put(key, entry)


@dataclass
class LoopClock:
    """A clock that goes on as the loop's time does."""

    time: datetime
    began: float

    def now(self) -> datetime:
        return self.time + timedelta(seconds=asyncio.get_running_loop().time() - self.began)


@dataclass
class CountedCaller(FakeCaller):
    """Notes how many runs are open at once."""

    most: int = 0

    async def start(self, app: str, function: str, args: Mapping[str, Any]) -> str:
        call = await super().start(app, function, args)
        running = [one for one in self.calls if one.app == "own" and one.id not in self.statuses]
        self.most = max(self.most, len(running))
        return call


@dataclass
class Hour:
    """One seeded hour."""

    seed: int
    delivery: Delivery = Delivery.AT_MOST_ONCE
    world: BackfillWorld = field(init=False)
    random: Random = field(init=False)
    caller: CountedCaller = field(default_factory=CountedCaller)
    wakes: int = 0
    killed: int = 0

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        claims = JumpyClaims(random=self.random)
        self.world = BackfillWorld(claims=claims, caller=self.caller)
        self.world.live(hourly(since="10:00", delivery=self.delivery))
        self.plan = backfill_of(RUNS, parallel=PARALLEL)

    def ports(self, time: datetime) -> Ports:
        return replace(self.world.ports("10:00"), clock=FakeClock(time))

    def desk(self, time: datetime) -> BackfillDesk:
        clock = LoopClock(time, asyncio.get_running_loop().time())
        return BackfillDesk(
            files=FakeFiles(self.world.backfills.files),
            claims=self.world.claims,
            caller=self.caller,
            clock=clock,
            by="alice",
            token=f"alice-{self.seed}",
        )

    async def one_wake(self, time: datetime, *, may_die: bool) -> None:
        self.wakes += 1
        number = self.wakes
        request = WakeRequest(wake=f"fc-w{number}", token=f"t{number}", slot=f"s{number % 2}")
        job = asyncio.ensure_future(wake(self.ports(time), request))
        if may_die and self.random.random() < 0.25:
            _done, left = await asyncio.wait([job], timeout=self.random.uniform(0.01, 3))
            if left:
                self.killed += 1
                job.cancel()
        await asyncio.wait([job])

    async def minute(self, time: datetime, *, may_die: bool) -> None:
        """Some runs end, and some wakes come, at the same time."""
        for call in self.caller.calls:
            if call.id not in self.caller.statuses and self.random.random() < 0.6:
                state = self.random.choice((CallState.SUCCEEDED, CallState.FAILED))
                self.caller.statuses[call.id] = CallStatus(state)
        coming = self.random.choice((1, 1, 2, 3))
        await asyncio.gather(*(self.one_wake(time, may_die=may_die) for _ in range(coming)))

    async def play(self, cancel_after: int | None = None) -> int | None:
        """Play it; returns how many runs had started when the cancellation returned."""
        await self.desk(START).start(self.plan)
        started: int | None = None
        for number in range(MINUTES):
            time = START + timedelta(minutes=number)
            jobs = [self.minute(time, may_die=number < MINUTES - 20)]
            if self.random.random() < 0.1 and cancel_after is None:
                jobs.append(self.decide(time))
            if number == cancel_after:
                *_, started = await asyncio.gather(*jobs, self.cancel(time))
            else:
                await asyncio.gather(*jobs)
        return started

    async def decide(self, time: datetime) -> None:
        desk = self.desk(time)
        if time - START > timedelta(minutes=MINUTES - 25) or self.random.random() < 0.5:
            await desk.resume(self.plan, ())
        else:
            await desk.pause(self.plan.digest)

    async def cancel(self, time: datetime) -> int:
        await asyncio.sleep(self.random.uniform(0, 2))
        await self.desk(time).cancel(self.plan, lambda _line: None)
        return len(self.world.orders())

    def converge(self) -> None:
        """Let it run to its end, without faults."""
        self.world.decide(self.plan, BackfillState.RUNNING)

        async def rest() -> None:
            for number in range(MINUTES, MINUTES + 30):
                await self.minute(START + timedelta(minutes=number), may_die=False)

        run_virtually(rest())


@pytest.mark.parametrize("seed", SEEDS)
def test_a_backfill_comes_to_its_end_and_no_run_starts_twice(seed: int) -> None:
    hour = Hour(seed)
    run_virtually(hour.play())
    hour.converge()
    started = Counter(hour.world.orders())
    assert max(started.values()) == 1
    assert hour.caller.most <= PARALLEL
    assert hour.world.ended(hour.plan) is not None
    settled = {*started, *hour.world.reruns()}
    assert settled == {run.id for run in hour.plan.runs}


@pytest.mark.parametrize("seed", SEEDS)
def test_under_at_least_once_every_run_starts(seed: int) -> None:
    hour = Hour(seed, Delivery.AT_LEAST_ONCE)
    run_virtually(hour.play())
    hour.converge()
    started = Counter(hour.world.orders())
    assert started.keys() == {run.id for run in hour.plan.runs}
    assert started.total() <= RUNS + PARALLEL * hour.killed


@pytest.mark.parametrize("seed", SEEDS)
def test_once_a_cancellation_has_returned_nothing_starts(seed: int) -> None:
    hour = Hour(seed)
    started = run_virtually(hour.play(cancel_after=2 + seed % 5))
    assert len(hour.world.orders()) == started
    ended = hour.world.ended(hour.plan)
    assert ended is not None


def test_the_hours_have_wakes_that_die_and_wakes_that_meet() -> None:
    hours = [Hour(seed) for seed in SEEDS]
    for hour in hours:
        run_virtually(hour.play())
    assert sum(hour.killed for hour in hours) >= len(SEEDS)
    assert sum(hour.wakes for hour in hours) > len(SEEDS) * MINUTES * 1.3
