"""The end of a run behind which an occurrence is queued starts that one, without a cron."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from random import Random

import pytest

from reconciler.dispatch.adapters.in_memory import FakeClaims
from reconciler.dispatch.answers import CallState, UnavailableError
from reconciler.dispatch.wake.request import WakeRequest
from reconciler.dispatch.wake.supervision import close_queue
from reconciler.dispatch.wake.wake import wake
from reconciler.model.formats import Entry
from reconciler.model.runs_file import RunState
from reconciler.policies import Overlap
from tests.dispatch.scenario import World, hourly, lines
from tests.simulation.virtual_time import run_virtually

CALL = "fc-1"


def running_since_nine() -> World:
    world = World()
    world.live(hourly(overlap=Overlap.QUEUE))
    world.wake("09:00")
    return world


def close(world: World) -> bool:
    return run_virtually(close_queue(CALL, world.claims))


def test_a_run_of_a_schedule_that_queues_is_supervised() -> None:
    world = running_since_nine()
    assert [call.function for call in world.caller.calls] == ["supervise_run"]


def test_the_order_is_one_that_a_supervisor_of_an_earlier_version_reads() -> None:
    world = running_since_nine()
    assert "waited_for" not in world.caller.calls[0].args["order"]


def test_an_end_behind_which_an_occurrence_waits_asks_for_a_wake() -> None:
    world = running_since_nine()
    world.wake("10:00")
    assert close(world)


def test_an_end_behind_which_nothing_waits_asks_for_none_however_often_it_looks() -> None:
    world = running_since_nine()
    assert [close(world), close(world)] == [False, False]


def test_an_end_that_cannot_look_asks_for_a_wake() -> None:
    @dataclass
    class Silent(FakeClaims):
        async def put_new(self, _key: str, _entry: Entry) -> bool:
            raise UnavailableError("timed out")

    world = World(claims=Silent())
    assert close(world)


def test_an_occurrence_starts_behind_a_run_that_is_over_though_its_supervisor_goes_on() -> None:
    world = running_since_nine()
    close(world)
    assert lines(world.wake("10:00"), RunState.STARTED) == ["hourly@10:00"]


def test_a_run_that_ends_while_a_wake_queues_behind_it_is_seen_by_that_wake() -> None:
    """The wake that the end asks for may have read the cursor before this wake wrote it."""

    @dataclass
    class EndsWhenQueued(FakeClaims):
        async def put_new(self, key: str, entry: Entry) -> bool:
            if key.startswith("queue/"):
                world.end(1, CallState.SUCCEEDED)
            return await super().put_new(key, entry)

    world = running_since_nine()
    world.claims = EndsWhenQueued(world.claims.entries)
    assert lines(world.wake("10:00"), RunState.STARTED) == ["hourly@10:00"]


@dataclass
class Slow(FakeClaims):
    """Each answer takes a while."""

    random: Random = field(default_factory=Random)

    async def put_new(self, key: str, entry: Entry) -> bool:
        await asyncio.sleep(self.random.random())
        is_new = await super().put_new(key, entry)
        await asyncio.sleep(self.random.random())
        return is_new

    async def get(self, key: str) -> Entry | None:
        await asyncio.sleep(self.random.random())
        found = await super().get(key)
        await asyncio.sleep(self.random.random())
        return found

    async def put(self, key: str, entry: Entry) -> None:
        await asyncio.sleep(self.random.random())
        await super().put(key, entry)
        await asyncio.sleep(self.random.random())


@pytest.mark.parametrize(("time", "trigger"), [("10:00", None), ("09:40", "hourly")])
def test_whenever_the_run_ends_the_one_behind_it_starts_once_and_without_a_cron(
    time: str, trigger: str | None
) -> None:
    paths = {play(seed, time, trigger) for seed in range(200)}
    assert paths == {"asked", "not asked"}, "the ends come before and after the place is taken"


def play(seed: int, time: str, trigger: str | None) -> str:
    """Let a run end while a wake wants to start the next occurrence."""
    world, random = running_since_nine(), Random(seed)
    world.claims = Slow(world.claims.entries, random=random)

    async def end() -> str:
        await asyncio.sleep(random.uniform(0, 20))
        asks = await close_queue(CALL, world.claims)
        await asyncio.sleep(random.choice((0, random.uniform(0, 30))))
        world.end(1, CallState.SUCCEEDED)
        if not asks:
            return "not asked"
        await wake(world.ports(time), WakeRequest(wake="fc-asked", token="a", slot="on_demand"))
        return "asked"

    async def both() -> str:
        request = WakeRequest(wake="fc-due", token="d", slot="poller", trigger=trigger)
        path, _log = await asyncio.gather(end(), wake(world.ports(time), request))
        return path

    path = run_virtually(both())
    assert len(world.caller.calls) == 2, f"seed {seed}: {path}"
    occurrence = f"hourly@2026-11-20T{time}Z"
    assert world.claims.entries[occurrence]["state"] == "started", f"seed {seed}"
    return path
