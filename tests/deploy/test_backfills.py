"""A person starts, pauses, resumes and cancels a backfill while wakes drive it."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

import pytest

from reconciler.deploy.backfills import BackfillDesk
from reconciler.deploy.fakes import FakeFiles
from reconciler.dispatch.adapters.in_memory import FakeClaims, FakeClock
from reconciler.dispatch.answers import CallState
from reconciler.model.backfill import (
    Backfill,
    BackfillState,
    Progress,
    progress_key,
    state_key,
    state_of,
    turn_key,
)
from reconciler.model.claim import Claimant
from reconciler.model.formats import Entry
from reconciler.model.runs_file import RunState
from reconciler.policies import Overlap
from tests.dispatch.backfill_scenario import BackfillWorld, backfill_of, minutes
from tests.dispatch.scenario import at, hourly
from tests.simulation.virtual_time import run_virtually

T = TypeVar("T")
PLAN = backfill_of(4, parallel=2)


def world(**values: Any) -> BackfillWorld:
    found = BackfillWorld()
    found.live(hourly(since="10:00", **values))
    return found


def desk(on: BackfillWorld, time: str = "10:00") -> BackfillDesk:
    return BackfillDesk(
        files=FakeFiles(on.backfills.files),
        claims=on.claims,
        caller=on.caller,
        clock=FakeClock(at(time)),
        by="alice",
        token="token-of-alice",
    )


def do(job: Coroutine[Any, Any, T]) -> T:
    return run_virtually(job)


def started(on: BackfillWorld) -> Backfill:
    return do(desk(on).start(PLAN))


def cancelled(on: BackfillWorld, time: str = "10:05") -> Sequence[str]:
    return do(desk(on, time).cancel(PLAN, _silent))


def _silent(_line: str) -> None:
    """Nothing is shown."""


def state(on: BackfillWorld) -> BackfillState:
    return state_of(on.claims.entries.get(state_key(PLAN.digest)), PLAN.digest)


def test_it_is_stored_with_who_approved_it_and_runs() -> None:
    on = world()
    found = started(on)
    assert (found.by, found.at) == ("alice", "2026-11-20T10:00:00Z")
    assert on.backfills.files[PLAN.path] == found.encode()
    assert state(on) is BackfillState.RUNNING


def test_started_twice_it_goes_on_as_it_is() -> None:
    on = world()
    started(on)
    on.play(minutes("10:01", 2))
    on.decide(PLAN, BackfillState.PAUSED)
    started(on)
    assert state(on) is BackfillState.PAUSED
    assert on.claims.entries[progress_key(PLAN.digest)]["next"] == 4
    on.play(minutes("10:04", 4))
    assert sorted(on.orders()) == sorted(run.id for run in PLAN.runs)


@pytest.mark.parametrize("killed_after", [1, 2])
def test_a_start_that_was_killed_is_completed_by_the_same_command(killed_after: int) -> None:
    on = world()
    on.backfills.files[PLAN.path] = PLAN.encode()
    if killed_after == 2:
        on.claims.entries[progress_key(PLAN.digest)] = Progress().to_json()
    on.wake("10:01")
    assert on.orders() == []
    started(on)
    on.wake("10:02")
    assert len(on.orders()) == 2


def test_after_a_cancellation_no_run_starts_and_those_that_run_are_named() -> None:
    on = world()
    started(on)
    on.wake("10:01")
    assert cancelled(on) == ["fc-1", "fc-2"]
    on.play(minutes("10:06", 4))
    assert len(on.orders()) == 2
    ended = on.ended(PLAN)
    assert ended is not None
    assert (ended.cancelled, ended.reason) == (True, "cancelled by alice")


def test_kill_ends_the_runs_that_are_running() -> None:
    on = world()
    started(on)
    on.wake("10:01")
    assert do(desk(on).kill(cancelled(on))) == 2
    on.wake("10:06")
    assert set(on.reruns().values()) == {RunState.CANCELLED}


def test_what_waits_for_an_earlier_run_does_not_start_after_a_cancellation() -> None:
    on = world(overlap=Overlap.SKIP)
    on.wake("11:00")
    started(on)
    on.wake("11:01")
    assert on.reruns() == {PLAN.runs[0].id: RunState.QUEUED}
    cancelled(on, "11:02")
    on.end(1, CallState.SUCCEEDED)
    on.play(minutes("11:03", 3))
    assert on.orders() == []
    assert on.reruns() == {PLAN.runs[0].id: RunState.SKIPPED}


class SlowClaims(FakeClaims):
    """In which a wake ends its turn when that was looked at a few times."""

    looks: int = 0

    async def get(self, key: str) -> Entry | None:
        if key == turn_key(PLAN.digest, 1):
            self.looks += 1
            if self.looks == 3:
                self.entries[progress_key(PLAN.digest)] = Progress(2, 1).to_json()
        return await super().get(key)


def test_a_cancellation_returns_when_the_wake_that_has_the_turn_has_ended_it() -> None:
    claims = SlowClaims()
    on = BackfillWorld(claims=claims)
    on.live(hourly(since="10:00"))
    started(on)
    claims.entries[turn_key(PLAN.digest, 1)] = Claimant("t", "fc-w", at("10:01")).claim(1)
    said: list[str] = []
    do(desk(on, "10:02").cancel(PLAN, said.append))
    assert claims.looks >= 3
    assert said == ["A wake is starting runs of it; its turn ends within 5.5 minutes …"]


def test_a_cancellation_does_not_wait_for_a_wake_that_died_in_its_turn() -> None:
    on = world()
    started(on)
    on.claims.entries[turn_key(PLAN.digest, 1)] = Claimant("t", "fc-w", at("10:00")).claim(1)
    assert cancelled(on, "10:06") == []


def test_a_resumed_backfill_finds_its_place_from_the_history_when_its_progress_is_lost() -> None:
    on = world()
    started(on)
    on.play(["10:01"])
    on.end_all()
    for key in (progress_key(PLAN.digest), state_key(PLAN.digest)):
        del on.claims.entries[key]
    on.play(minutes("10:02", 2))
    assert len(on.orders()) == 2
    seen = [run for run in PLAN.runs if run.id in on.reruns()]
    do(desk(on).resume(PLAN, seen))
    on.play(minutes("10:05", 3))
    assert on.orders() == [run.id for run in PLAN.runs]
