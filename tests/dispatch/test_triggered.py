"""Who triggers a schedule is told what became of that occurrence, and nothing else."""

from __future__ import annotations

import asyncio

import pytest

from reconciler.cron import minute
from reconciler.dispatch.answers import CallState
from reconciler.errors import ReconcileError
from reconciler.model.occurrence import Occurrence
from reconciler.model.runs_file import RunState, WakeLog
from reconciler.policies import Overlap
from reconciler.query.trigger_result import triggered
from tests.dispatch.scenario import World, at, hourly, lines

THEN = Occurrence("hourly", minute(at("09:10")))


def trigger(world: World, time: str = "09:10") -> WakeLog:
    """Trigger the schedule, and what is told of it."""
    log = world.wake(time, trigger="hourly")
    return asyncio.run(triggered(log, Occurrence("hourly", log.now), world.claims))


def test_the_end_of_another_run_that_the_wake_happens_to_see_is_not_notified() -> None:
    world = World()
    world.live(hourly(), hourly("other"))
    world.wake("09:00")
    world.end(1, CallState.FAILED, "ValueError")
    world.end(2, CallState.FAILED, "ValueError")
    assert [(line.occurrence, line.state) for line in trigger(world).records] == [
        (THEN, RunState.STARTED)
    ]


def test_a_second_trigger_in_a_minute_says_that_the_first_one_has_started_it() -> None:
    world = World()
    world.live(hourly())
    trigger(world)
    with pytest.raises(ReconcileError) as refused:
        trigger(world)
    assert str(refused.value) == (
        "hourly@2026-11-20T09:10Z has started already in this minute, as call fc-1, by wake "
        "fc-wake-1; nothing was started\n  Trigger it again in the next minute."
    )
    assert trigger(world, "09:11").records[0].call == "fc-2"


def test_also_when_that_run_has_ended_meanwhile() -> None:
    world = World()
    world.live(hourly())
    trigger(world)
    world.end(1, CallState.SUCCEEDED)
    with pytest.raises(ReconcileError, match="has started already in this minute, as call fc-1"):
        trigger(world)


def test_a_minute_that_was_skipped_by_a_wake_is_not_started_by_a_trigger() -> None:
    world = World()
    world.live(hourly(suspended="moving house"))
    world.wake("09:00")
    with pytest.raises(
        ReconcileError, match=r"T09:00Z was skipped already in this minute, by wake fc-wake-1: sus"
    ):
        trigger(world, "09:00")
    assert world.started() == []


def test_a_suspended_schedule_is_started_by_a_trigger_in_any_other_minute() -> None:
    world = World()
    world.live(hourly(suspended="moving house"))
    assert trigger(world).records[0].state is RunState.STARTED


def test_a_trigger_that_overlap_lets_go_is_an_error() -> None:
    world = World()
    world.live(hourly(overlap=Overlap.SKIP))
    world.wake("09:00")
    with pytest.raises(
        ReconcileError,
        match="was skipped: hourly@2026-11-20T09:00Z is still running; overlap is skip; nothing",
    ):
        trigger(world)


def test_a_trigger_that_queues_is_reported_as_queued_and_the_second_one_that_it_waits() -> None:
    world = World()
    world.live(hourly(overlap=Overlap.QUEUE))
    world.wake("09:00")
    assert trigger(world).records[0].state is RunState.QUEUED
    with pytest.raises(ReconcileError, match=r"waits for .* this trigger started nothing"):
        trigger(world)


def test_a_trigger_waits_behind_an_occurrence_that_is_queued_and_may_be_starting_now() -> None:
    world = World()
    world.live(hourly(overlap=Overlap.QUEUE))
    world.wake("09:00")
    world.wake("10:00")
    world.end(1, CallState.SUCCEEDED)
    assert lines(world.wake("10:10", trigger="hourly"), RunState.STARTED) == []
    assert world.started() == ["hourly@2026-11-20T09:00Z"]
    world.wake("10:15")
    world.end(2, CallState.SUCCEEDED)
    world.wake("10:20")
    assert world.started()[1:] == ["hourly@2026-11-20T10:00Z", "hourly@2026-11-20T10:10Z"]
