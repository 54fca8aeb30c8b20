"""Wakes drive a backfill: refilled as runs end, after all that is due, each run once."""

from __future__ import annotations

import pytest

from reconciler.cron import minute
from reconciler.dispatch.answers import CallState
from reconciler.model.backfill import BackfillState, progress_key, state_key, turn_key
from reconciler.model.claim import Claimant
from reconciler.model.runs_file import RunState
from reconciler.policies import Delivery, Overlap
from tests.dispatch.backfill_scenario import BackfillWorld, backfill_of, minutes
from tests.dispatch.scenario import at, hourly


def world_with(count: int = 3, **values: object) -> BackfillWorld:
    world = BackfillWorld()
    world.live(hourly(since="10:00"))
    world.approve(backfill_of(count))
    return world


def test_each_run_of_the_plan_starts_once_in_its_order_and_the_backfill_is_done() -> None:
    plan = backfill_of(3)
    world = world_with()
    world.play(minutes("10:01", 6))
    assert world.orders() == [run.id for run in plan.runs]
    ended = world.ended(plan)
    assert ended is not None
    assert not ended.cancelled


def test_a_place_is_filled_again_when_a_run_has_ended() -> None:
    world = BackfillWorld()
    world.live(hourly(since="10:00"))
    plan = backfill_of(5, parallel=2)
    world.approve(plan)
    world.wake("10:01")
    assert len(world.orders()) == 2
    world.wake("10:02")
    assert len(world.orders()) == 2
    world.end(1, CallState.FAILED)
    world.wake("10:03")
    assert world.orders() == [run.id for run in plan.runs[:3]]


def test_approved_twice_it_starts_nothing_more() -> None:
    world = world_with()
    world.play(minutes("10:01", 6))
    world.approve(backfill_of(3))
    world.play(minutes("10:10", 6))
    assert len(world.orders()) == 3


def test_what_is_due_starts_before_the_runs_of_a_backfill() -> None:
    world = BackfillWorld()
    world.live(hourly(since="10:30"))
    world.approve(backfill_of(3, parallel=3))
    world.wake("11:00")
    assert [call.function for call in world.caller.calls] == ["sync", *["supervise_run"] * 3]


def test_a_paused_backfill_starts_nothing_until_it_is_resumed() -> None:
    plan, world = backfill_of(3), world_with()
    world.wake("10:01")
    world.decide(plan, BackfillState.PAUSED)
    world.play(minutes("10:02", 3))
    assert len(world.orders()) == 1
    world.decide(plan, BackfillState.RUNNING)
    world.play(minutes("10:06", 4))
    assert len(world.orders()) == 3


def test_a_cancelled_backfill_starts_nothing_more_and_is_over() -> None:
    plan, world = backfill_of(3), world_with()
    world.wake("10:01")
    world.decide(plan, BackfillState.CANCELLED)
    world.play(minutes("10:02", 3))
    ended = world.ended(plan)
    assert ended is not None
    assert ended.cancelled
    world.decide(plan, BackfillState.RUNNING)
    world.play(minutes("10:06", 3))
    assert len(world.orders()) == 1


@pytest.mark.parametrize("lost", [state_key, progress_key])
def test_when_an_entry_has_died_it_starts_nothing(lost: object) -> None:
    plan, world = backfill_of(3), world_with()
    world.wake("10:01")
    key = state_key(plan.digest) if lost is state_key else progress_key(plan.digest)
    del world.claims.entries[key]
    world.play(minutes("10:02", 3))
    assert len(world.orders()) == 1
    assert world.ended(plan) is None


def test_a_suspended_schedule_starts_nothing_and_goes_on_when_it_is_resumed() -> None:
    world = world_with()
    world.live(hourly(since="10:00", suspended="moving house"))
    world.play(minutes("10:01", 3))
    assert world.orders() == []
    world.live(hourly(since="10:00"))
    world.play(minutes("10:05", 4))
    assert len(world.orders()) == 3


def test_when_its_schedule_is_deleted_it_is_over() -> None:
    plan, world = backfill_of(3), world_with()
    world.wake("10:01")
    world.live(hourly("other", since="10:00"))
    world.play(["10:30"])
    assert world.ended(plan) is None, "what a wake reads may be stale"
    world.play(["11:01"])
    ended = world.ended(plan)
    assert ended is not None
    assert (ended.cancelled, ended.reason) == (True, "its schedule was deleted")
    assert len(world.orders()) == 1


def test_it_goes_on_under_the_new_name_of_its_schedule() -> None:
    world = world_with()
    world.wake("10:01")
    renamed = hourly("renamed", since="10:00", formerly=(("hourly", minute(at("10:01"))),))
    world.live(renamed)
    world.play(minutes("10:02", 4))
    assert len(world.orders()) == 3


def test_the_plan_holds_when_the_times_of_the_schedule_change_and_the_target_is_the_live_one() -> (
    None
):
    plan, world = backfill_of(3), world_with()
    world.wake("10:01")
    world.live(hourly(since="10:01", when=("30 5 * * *",), function="load"))
    world.play(minutes("10:02", 4))
    assert world.orders() == [run.id for run in plan.runs]
    last = world.caller.calls[-1].args["order"]
    assert last["function"] == "load"


@pytest.mark.parametrize("overlap", [Overlap.SKIP, Overlap.QUEUE, Overlap.REPLACE])
def test_one_run_at_a_time_where_the_schedule_allows_no_more(overlap: Overlap) -> None:
    world = BackfillWorld()
    world.live(hourly(since="10:00", overlap=overlap))
    world.approve(backfill_of(4, parallel=4))
    for time in minutes("10:01", 3):
        world.wake(time)
    assert len(world.orders()) == 1
    world.play(minutes("10:05", 8))
    assert len(world.orders()) == 4


def test_a_run_that_a_person_has_started_meanwhile_is_not_started_again() -> None:
    plan, world = backfill_of(3), world_with()
    world.wake("10:00", rerun=plan.runs[1], slot="on_demand")
    world.play(minutes("10:01", 8))
    assert sorted(world.orders()) == sorted(run.id for run in plan.runs)
    assert set(world.reruns().values()) == {RunState.SUCCEEDED}


def test_a_run_that_cannot_be_started_is_tried_again_and_takes_a_place() -> None:
    plan, world = backfill_of(3), world_with()
    world.caller.unreached = 2
    world.wake("10:01")
    world.wake("10:02")
    assert world.orders() == []
    assert world.reruns() == {plan.runs[0].id: RunState.START_FAILED}
    world.play(minutes("10:03", 8))
    assert world.orders() == [run.id for run in plan.runs]


def test_while_another_wake_has_the_turn_this_one_starts_nothing() -> None:
    plan, world = backfill_of(3), world_with()
    other = Claimant("else", "fc-else", at("10:00"))
    world.claims.entries[turn_key(plan.digest, 1)] = other.claim(1)
    world.wake("10:01")
    assert world.orders() == []
    world.play(minutes("10:06", 4))
    assert len(world.orders()) == 3, "its lease is over"


def test_a_plan_that_cannot_be_read_is_named_and_keeps_no_other_from_its_turn() -> None:
    world = world_with()
    plan = backfill_of(2, name="hourly", run=3)
    world.approve(plan)
    world.backfills.files[plan.path] = b"{}"
    log = world.wake("10:01")
    assert len(world.orders()) == 1
    assert [one.where for one in world.log.logs[-1].damaged] == [plan.path]
    assert log.records


def test_a_plan_that_was_changed_after_it_was_approved_starts_nothing() -> None:
    plan, world = backfill_of(3), BackfillWorld()
    world.live(hourly(since="10:00"))
    world.approve(plan)
    changed = world.backfills.files[plan.path].replace(b'"parallel":1', b'"parallel":9')
    world.backfills.files[plan.path] = changed
    world.wake("10:01")
    assert world.orders() == []


def test_at_most_once_holds_for_each_run() -> None:
    world = BackfillWorld()
    world.live(hourly(since="10:00", delivery=Delivery.AT_MOST_ONCE))
    plan = backfill_of(2)
    world.approve(plan)
    dead = Claimant("dead", "fc-dead", at("09:50"))
    world.claims.entries[plan.runs[0].id] = dead.claim(1)
    world.play(minutes("10:01", 4))
    assert world.orders() == [plan.runs[1].id]
    assert world.reruns()[plan.runs[0].id] is RunState.MISSED
