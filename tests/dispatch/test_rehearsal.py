"""What ``wake --dry-run`` says: what the next wake would do, and why."""

from __future__ import annotations

import asyncio
from copy import deepcopy
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.cron import minute
from reconciler.dispatch.answers import CallState, CallStatus
from reconciler.model.runs_file import RunRecord, RunState
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.policies import Catchup, Delivery, Overlap
from reconciler.query.rehearsal import Rehearsal, Will
from reconciler.query.rehearse import rehearse
from reconciler.render.rehearsal import rehearsal_json, rehearsal_text
from tests.dispatch.scenario import World, at, hourly
from tests.dispatch.task_scenario import store, task


def rehearsed(world: World, time: str, as_if: str | None = None) -> Rehearsal:
    return asyncio.run(rehearse(world.ports(time), None if as_if is None else minute(at(as_if))))


def test_what_is_due_would_start_and_what_comes_too_late_would_be_missed_with_the_reason() -> None:
    world = World()
    world.live(hourly(catchup=Catchup.LATEST))
    found = rehearsed(world, "10:20")
    missed, start = rehearsal_text(found).splitlines()
    assert missed.startswith("would be missed  hourly@2026-11-20T09:00Z  ")
    assert start == "would start   hourly@2026-11-20T10:00Z  shop/sync"
    as_json = rehearsal_json(found)
    assert as_json["would_start"] == [
        {
            "occurrence": "hourly@2026-11-20T10:00Z",
            "name": "hourly",
            "time": "2026-11-20T10:00Z",
            "function": "shop/sync",
            "attempt": 1,
            "reason": None,
        }
    ]
    (gone,) = as_json["would_be_dropped"]
    assert (gone["name"], gone["times"], gone["state"]) == (
        "hourly",
        ["2026-11-20T09:00Z"],
        "missed",
    )
    assert gone["reason"]


def test_what_could_not_be_started_is_tried_by_the_next_wake_and_shown_with_the_reason() -> None:
    world = World()
    world.live(hourly())
    world.caller.missing.add("shop/sync")
    world.wake("09:00")
    world.caller.missing.clear()
    found = rehearsed(world, "09:05")
    assert rehearsal_text(found) == (
        "would try     hourly@2026-11-20T09:00Z  shop/sync  "
        "attempt 2; start-failed: there is no function shop/sync"
    )
    (again,) = rehearsal_json(found)["would_try_again"]
    assert (again["occurrence"], again["attempt"], again["state"], again["reason"]) == (
        "hourly@2026-11-20T09:00Z",
        2,
        "start-failed",
        "there is no function shop/sync",
    )


def test_a_function_that_is_missing_is_said_to_fail() -> None:
    world = World()
    world.live(hourly())
    world.caller.missing.add("shop/sync")
    found = rehearsed(world, "09:00")
    assert rehearsal_text(found) == (
        "would fail    hourly@2026-11-20T09:00Z  shop/sync  there is no function shop/sync"
    )
    (failing,) = rehearsal_json(found)["would_fail_to_start"]
    assert failing["reason"] == "there is no function shop/sync"


RUNNING = "hourly@2026-11-20T09:00Z is still running"
REPLACED = "hourly@2026-11-20T09:00Z, still running"


@pytest.mark.parametrize("as_if", [None, "10:00"])
@pytest.mark.parametrize(
    ("overlap", "text"),
    [
        (
            Overlap.SKIP,
            "would be skipped  hourly@2026-11-20T10:00Z  " + RUNNING + "; overlap is skip",
        ),
        (
            Overlap.QUEUE,
            "would wait    hourly@2026-11-20T10:00Z  shop/sync  " + RUNNING + "; overlap is queue",
        ),
        (
            Overlap.REPLACE,
            "would start   hourly@2026-11-20T10:00Z  shop/sync  replaced " + REPLACED,
        ),
    ],
)
def test_an_earlier_run_that_is_still_going_decides_as_it_would_in_the_wake(
    overlap: Overlap, text: str, as_if: str | None
) -> None:
    world = World()
    world.live(hourly(overlap=overlap))
    world.wake("09:00")
    assert rehearsal_text(rehearsed(world, "10:00", as_if=as_if)).splitlines()[0] == text


def test_the_end_of_a_call_would_be_written_down() -> None:
    world = World()
    world.live(hourly())
    world.wake("09:00")
    world.end(1, CallState.FAILED, "ValueError: no rows")
    assert rehearsal_text(rehearsed(world, "09:05")) == (
        "would record  hourly@2026-11-20T09:00Z  failed  ValueError: no rows"
    )


def test_what_waits_in_the_queue_is_shown_with_what_it_waits_for() -> None:
    world = World()
    world.live(hourly(overlap=Overlap.QUEUE))
    world.wake("09:00")
    world.wake("10:00")
    assert rehearsal_text(rehearsed(world, "10:05")).endswith(
        "attempt 1; queued: hourly@2026-11-20T09:00Z is still running; overlap is queue"
    )


def test_what_waits_and_is_excluded_meanwhile_would_be_skipped() -> None:
    world = World()
    world.live(hourly())
    world.caller.missing.add("shop/sync")
    world.wake("09:00")
    world.live(hourly(suspended="moving house"))
    assert rehearsal_text(rehearsed(world, "09:05")).startswith(
        "would be skipped  hourly@2026-11-20T09:00Z  suspended"
    )


def test_what_was_processed_is_named_and_would_not_start_again() -> None:
    world = World()
    world.live(hourly())
    world.wake("09:00")
    found = rehearsed(world, "09:05", as_if="09:00")
    assert rehearsal_text(found) == "was processed hourly@2026-11-20T09:00Z  started"
    as_json = rehearsal_json(found)
    assert as_json["would_start"] == []
    assert as_json["processed_before"] == [
        {"occurrence": "hourly@2026-11-20T09:00Z", "state": "started", "reason": None}
    ]


def test_nothing_is_due_when_nothing_is_due_and_nothing_is_left_over() -> None:
    world = World()
    world.live(hourly())
    world.wake("09:00")
    assert rehearsal_text(rehearsed(world, "09:05")) == "Nothing is due up to 2026-11-20T09:05Z."
    assert rehearsal_text(rehearsed(world, "09:05", as_if="09:30")) == (
        "Nothing is due at 2026-11-20T09:30Z."
    )


def test_a_look_changes_nothing() -> None:
    world = World()
    world.live(hourly())
    rehearsed(world, "09:00")
    assert (world.claims.entries, world.log.logs, world.caller.calls) == ({}, [], [])


TIMES = [f"{hour:02}:{minute:02}" for hour in (9, 10, 11) for minute in (0, 5, 30, 59)]


@st.composite
def schedules(draw: st.DrawFn) -> list[ScheduleRecord]:
    """A few schedules with any policies; ``gone`` is not deployed."""
    return [
        hourly(
            f"s{number}",
            when=(draw(st.sampled_from(["0 * * * *", "*/5 * * * *", "30 * * * *"])),),
            function=draw(st.sampled_from(["sync", "gone"])),
            overlap=draw(st.sampled_from(Overlap)),
            catchup=draw(st.sampled_from(Catchup)),
            delivery=draw(st.sampled_from(Delivery)),
            deadline=draw(st.sampled_from([None, 600, 3600])),
            suspended=draw(st.sampled_from([None, None, "moving house"])),
            exclude=draw(st.sampled_from([(), ("* 10 * * *",)])),
            retries=draw(st.sampled_from([0, 1])),
        )
        for number in range(draw(st.integers(1, 3)))
    ]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_the_wake_does_what_its_rehearsal_says(data: st.DataObject) -> None:
    world = World()
    world.live(*data.draw(schedules()))
    world.caller.missing.add("shop/gone")
    store(world, task("one", "09:30"), task("other", "10:30", delivery=Delivery.AT_MOST_ONCE))
    times = data.draw(st.lists(st.sampled_from(TIMES), min_size=1, max_size=5))
    for time in sorted(times):
        alone = data.draw(st.sampled_from([None, None, "09:00", "10:00", "10:30"]))
        as_if = None if alone is None else minute(at(alone))
        before = deepcopy((world.claims.entries, world.caller, world.log, world.tasks))
        said = rehearsed(world, time, alone)
        assert (world.claims.entries, world.caller, world.log, world.tasks) == before
        log = world.wake(time, slot="on_demand", as_if=as_if)
        written = [line.record for line in said.lines if line.will is not Will.WAIT]
        waits = {line.record.occurrence.id for line in said.of(Will.WAIT)}
        done = [line for line in log.records if line.state is not RunState.QUEUED]
        assert sorted(map(without_call, written), key=str) == sorted(
            map(without_call, (*done, *log.before)), key=str
        )
        queued = {line.occurrence.id for line in log.records if line.state is RunState.QUEUED}
        assert queued <= waits <= queued | world.claims.entries["cursor"]["unsettled"].keys()
        known = world.claims.entries.keys() | {line.occurrence.id for line in log.before}
        assert {line.record.occurrence.id for line in said.of(Will.NOTHING)} <= known
        for call in list(world.caller.calls):
            if data.draw(st.booleans()):
                world.caller.statuses[call.id] = CallStatus(data.draw(st.sampled_from(ENDS)))


ENDS = [CallState.SUCCEEDED, CallState.FAILED, CallState.CANCELLED]


def without_call(line: RunRecord) -> RunRecord:
    """A line without the id of a call that was started just now."""
    return replace(line, call=None) if line.state is RunState.STARTED else line
