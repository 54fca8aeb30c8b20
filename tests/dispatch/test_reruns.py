"""A further run of an occurrence: claimed by its number, and waited for like any other run."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.cron import minute
from reconciler.dispatch.adapters.in_memory import StartedCall
from reconciler.dispatch.answers import CallState
from reconciler.dispatch.wake.request import UnknownScheduleError
from reconciler.model.cursor import CURSOR_KEY
from reconciler.model.occurrence import Occurrence
from reconciler.model.runs import runs_of
from reconciler.model.runs_file import RunState, WakeLog
from reconciler.policies import Delivery, Overlap
from tests.dispatch.scenario import World, at, hourly

SECOND = Occurrence("hourly", minute(at("09:00")), 2)


def missed_one(**values: Any) -> World:
    """The occurrence of 09:00 was missed, and that of 10:00 has run."""
    world = World()
    world.live(hourly(**values))
    world.wake("10:00")
    world.end(1, CallState.SUCCEEDED)
    world.wake("10:01")
    return world


def rerun(world: World, time: str, run: Occurrence = SECOND) -> WakeLog:
    return world.wake(time, rerun=run, slot="on_demand")


def order(call: StartedCall) -> dict[str, object]:
    found = call.args["order"]
    assert isinstance(found, dict)
    return found


def runs(world: World) -> dict[str, RunState]:
    return {run.occurrence.id: run.state for run in runs_of(world.log.logs)}


def test_a_rerun_is_supervised_and_its_end_asks_for_a_wake() -> None:
    world = missed_one(args={"key": "${run.id}", "of": "${occurrence.id}"})
    rerun(world, "10:10")
    call = world.caller.calls[-1]
    assert call.function == "supervise_run"
    assert (order(call)["occurrence"], order(call)["waited_for"]) == (SECOND.id, True)
    assert order(call)["args"] == {"key": SECOND.id, "of": SECOND.first.id}


def test_a_rerun_leaves_what_became_of_the_first_run_in_the_history() -> None:
    world = missed_one()
    rerun(world, "10:10")
    world.end(2, CallState.SUCCEEDED)
    world.wake("10:11")
    assert runs(world)[SECOND.first.id] is RunState.MISSED
    assert runs(world)[SECOND.id] is RunState.SUCCEEDED


def test_a_run_is_started_once_however_often_it_is_asked_for() -> None:
    world = missed_one()
    for time in ("10:10", "10:11", "10:12"):
        rerun(world, time)
    assert len(world.caller.calls) == 2


def test_a_rerun_moves_no_cursor_and_starts_nothing_else() -> None:
    world = missed_one()
    rerun(world, "11:00")
    assert [call.function for call in world.caller.calls] == ["sync", "supervise_run"]
    assert "hourly@2026-11-20T11:00Z" not in world.started()
    world.wake("11:01")
    assert "hourly@2026-11-20T11:00Z" in world.started()


def test_a_rerun_asks_neither_for_the_deadline_nor_for_a_suspension() -> None:
    world = missed_one(deadline=60)
    world.live(hourly(deadline=60, suspended="moving house"))
    rerun(world, "10:10")
    assert runs(world)[SECOND.id] is RunState.STARTED


def test_a_rerun_that_could_not_start_is_started_by_a_later_wake() -> None:
    world = missed_one()
    world.caller.unreached = 1
    rerun(world, "10:10")
    assert runs(world)[SECOND.id] is RunState.START_FAILED
    world.wake("10:11")
    assert runs(world)[SECOND.id] is RunState.STARTED


def test_an_at_most_once_rerun_whose_claim_may_have_died_is_given_up() -> None:
    world = missed_one(delivery=Delivery.AT_MOST_ONCE)
    world.caller.unreached = 1
    rerun(world, "10:10")
    world.claims.entries = {
        key: entry for key, entry in world.claims.entries.items() if not key.startswith("hourly@")
    }
    world.wake("2026-11-27T10:10")
    assert runs(world)[SECOND.id] is RunState.MISSED


def test_a_slot_that_no_longer_wakes_does_not_make_the_claim_of_a_rerun_old() -> None:
    world = missed_one(delivery=Delivery.AT_MOST_ONCE)
    world.caller.unreached = 1
    rerun(world, "10:10")
    cursor = world.claims.entries[CURSOR_KEY]
    gone = {"gone": "2026-11-01T00:00:00Z"}
    world.claims.entries[CURSOR_KEY] = {**cursor, "wakes": {**cursor["wakes"], **gone}}
    world.wake("10:11")
    assert runs(world)[SECOND.id] is RunState.STARTED


def test_a_pending_rerun_of_a_deleted_schedule_is_missed_by_name() -> None:
    world = missed_one()
    world.caller.unreached = 1
    rerun(world, "10:10")
    world.live()
    world.wake("10:20")
    (line,) = (line for line in world.log.logs[-1].records if line.state is RunState.MISSED)
    assert (line.occurrence, line.reason) == (SECOND, "its schedule was deleted meanwhile")


def test_a_rerun_of_an_unknown_schedule_is_refused() -> None:
    world = missed_one()
    with pytest.raises(UnknownScheduleError):
        rerun(world, "10:10", Occurrence("else", SECOND.at, 2))


@pytest.mark.parametrize("overlap", [Overlap.SKIP, Overlap.QUEUE, Overlap.REPLACE])
def test_a_rerun_waits_for_the_run_that_is_running_and_ends_none(overlap: Overlap) -> None:
    world = World()
    world.live(hourly(overlap=overlap))
    world.wake("10:00")
    rerun(world, "10:10")
    assert runs(world)[SECOND.id] is RunState.QUEUED
    world.wake("10:20")
    assert len(world.caller.calls) == 1
    world.end(1, CallState.SUCCEEDED)
    world.wake("10:30")
    assert runs(world)[SECOND.id] is RunState.STARTED


@pytest.mark.parametrize("overlap", [Overlap.SKIP, Overlap.QUEUE])
def test_an_occurrence_waits_for_a_running_rerun_and_is_not_skipped(overlap: Overlap) -> None:
    world = missed_one(overlap=overlap)
    rerun(world, "10:10")
    world.wake("11:00")
    assert runs(world)["hourly@2026-11-20T11:00Z"] is RunState.QUEUED
    world.end(2, CallState.SUCCEEDED)
    world.wake("11:01")
    assert runs(world)["hourly@2026-11-20T11:00Z"] is RunState.STARTED


def test_an_occurrence_replaces_a_running_rerun_where_the_schedule_says_so() -> None:
    world = missed_one(overlap=Overlap.REPLACE)
    rerun(world, "10:10")
    world.wake("11:00")
    world.wake("11:01")
    assert runs(world)[SECOND.id] is RunState.CANCELLED


def test_what_is_due_comes_before_a_pending_rerun() -> None:
    world = missed_one(overlap=Overlap.SKIP)
    world.caller.unreached = 1
    rerun(world, "10:59")
    world.wake("11:00")
    assert [call.function for call in world.caller.calls] == ["sync", "sync"]
    assert runs(world)[SECOND.id] is RunState.QUEUED
