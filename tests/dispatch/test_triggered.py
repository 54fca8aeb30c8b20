"""What a trigger starts in its minute, and what its answer says: of its run, and nothing else."""

from __future__ import annotations

import asyncio

import pytest

from reconciler.cron import minute
from reconciler.dispatch.answers import CallState
from reconciler.errors import ReconcileError
from reconciler.model.occurrence import Occurrence
from reconciler.model.runs_file import RunState, WakeLog
from reconciler.policies import Overlap
from reconciler.query.trigger_result import refuse_while_running, triggered, unclaimed_run
from tests.dispatch.scenario import World, at, hourly, lines

THEN = Occurrence("hourly", minute(at("09:10")))


def trigger(world: World, time: str = "09:10") -> WakeLog | None:
    """Trigger the schedule; its result."""
    log = world.wake(time, trigger="hourly")
    return asyncio.run(triggered(log, Occurrence("hourly", log.now), world.claims))


def outcome(log: WakeLog | None) -> list[tuple[Occurrence, RunState]]:
    """The runs of an answer, each with its state."""
    return [] if log is None else [(line.occurrence, line.state) for line in log.records]


def further(world: World, time: str = "09:10", **args: object) -> tuple[Occurrence, WakeLog | None]:
    """Start the next run of the minute, as a trigger does that found the minute processed."""
    run = asyncio.run(unclaimed_run(Occurrence("hourly", minute(at(time))), world.claims))
    log = world.wake(time, rerun=run, args=args)
    return run, asyncio.run(triggered(log, run, world.claims))


def test_the_end_of_another_run_that_the_wake_happens_to_see_is_not_notified() -> None:
    world = World()
    world.live(hourly(), hourly("other"))
    world.wake("09:00")
    world.end(1, CallState.FAILED, "ValueError")
    world.end(2, CallState.FAILED, "ValueError")
    assert outcome(trigger(world)) == [(THEN, RunState.STARTED)]


@pytest.mark.parametrize("ended", [True, False], ids=["ended", "running"])
def test_each_trigger_in_a_minute_starts_a_run_of_its_own(ended: bool) -> None:
    world = World()
    world.live(hourly())
    trigger(world)
    if ended:
        world.end(1, CallState.SUCCEEDED)
    for number in (2, 3):
        assert trigger(world) is None
        run, result = further(world)
        assert run.id == f"hourly@2026-11-20T09:10Z.{number}"
        assert outcome(result) == [(run, RunState.STARTED)]
    assert len(world.caller.calls) == 3


def test_two_triggers_that_mean_the_same_run_start_it_once_and_the_second_finds_that_out() -> None:
    world = World()
    world.live(hourly())
    trigger(world)
    run, _ = further(world)
    log = world.wake("09:10", rerun=run)
    assert asyncio.run(triggered(log, run, world.claims)) is None
    assert len(world.caller.calls) == 2


def test_a_trigger_in_a_minute_that_the_schedules_own_cron_has_processed_starts_a_run() -> None:
    world = World()
    world.live(hourly())
    world.wake("09:00")
    assert trigger(world, "09:00") is None
    assert further(world, "09:00")[1] is not None
    assert world.started() == ["hourly@2026-11-20T09:00Z", "hourly@2026-11-20T09:00Z.2"]


def test_a_trigger_in_a_minute_that_a_wake_skipped_starts_a_run() -> None:
    world = World()
    world.live(hourly(suspended="moving house"))
    world.wake("09:00")
    assert trigger(world, "09:00") is None
    assert world.started() == []
    further(world, "09:00")
    assert world.started() == ["hourly@2026-11-20T09:00Z.2"]


def test_under_skip_a_trigger_is_refused_while_a_run_is_going() -> None:
    world = World()
    record = hourly(overlap=Overlap.SKIP)
    world.live(record)
    world.wake("09:00")
    assert trigger(world, "09:00") is None
    with pytest.raises(ReconcileError, match=r"T09:00Z is still running; overlap is skip; nothing"):
        asyncio.run(refuse_while_running(record, world.claims, world.caller))
    world.end(1, CallState.SUCCEEDED)
    asyncio.run(refuse_while_running(record, world.claims, world.caller))


def test_a_suspended_schedule_is_started_by_a_trigger_in_any_other_minute() -> None:
    world = World()
    world.live(hourly(suspended="moving house"))
    assert outcome(trigger(world)) == [(THEN, RunState.STARTED)]


def test_a_trigger_that_overlap_skips_is_an_error() -> None:
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
    assert outcome(trigger(world)) == [(THEN, RunState.QUEUED)]
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
