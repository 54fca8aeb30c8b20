"""What waits for another schedule needs attention from two hours before its `by` on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.cron import minute
from reconciler.dispatch.answers import CallState
from reconciler.dispatch.decide.dependencies import alert_time
from reconciler.model.cursor import CURSOR_KEY, Cursor
from reconciler.model.occurrence import format_minute
from reconciler.model.runs import runs_of
from reconciler.model.runs_file import RunState
from reconciler.model.schedule_record import ScheduleRecord, Upstream
from reconciler.query.status import Filter, ScheduleStatus, State, Status, selection, status_of
from reconciler.query.waiting import start_by
from reconciler.render.status_text import status_json, status_text
from reconciler.render.style import Style
from tests.dispatch.scenario import World, at
from tests.dispatch.test_dependencies import extract, live, load

BY_NINE = Upstream("extract", by=9 * 60)


def all_of(world: World, now: str) -> Status:
    generation = world.generations.generation
    assert generation is not None
    cursor = Cursor.from_json(world.claims.entries[CURSOR_KEY])
    return status_of(generation, None, cursor, runs_of(world.log.logs), minute(at(now)))


def load_of(world: World, now: str) -> ScheduleStatus:
    (found,) = [one for one in all_of(world, now).schedules if one.record.name == "load"]
    return found


def waiting(record: ScheduleRecord | None = None) -> World:
    world = live(extract(), record or load(BY_NINE))
    world.wake("05:00")
    world.wake("06:00")
    return world


@pytest.mark.parametrize(
    ("now", "needs_attention"),
    [("06:01", False), ("07:00", False), ("07:01", True), ("09:00", True), ("11:30", True)],
)
def test_it_needs_attention_from_two_hours_before_its_by_and_after_it(
    now: str, needs_attention: bool
) -> None:
    found = load_of(waiting(), now)
    assert (found.state, not found.well) == (State.WAITING, needs_attention)


def test_the_time_is_the_one_at_which_the_alert_is_sent() -> None:
    record = load(BY_NINE, timezone="Europe/Berlin", when=("0 7 * * *",))
    found = load_of(waiting(record), "07:30")
    assert found.start_by == alert_time(record, minute(at("06:00"))) == minute(at("08:00"))


def test_without_by_it_may_wait() -> None:
    assert load_of(waiting(load(Upstream("extract"))), "23:00").well


def test_what_has_started_waits_no_longer() -> None:
    world = waiting()
    world.end(1, CallState.SUCCEEDED)
    world.wake("06:30")
    assert load_of(world, "08:59").start_by is None


def test_a_queue_has_no_by() -> None:
    queued = [
        replace(run, reason="the run before it has not ended (overlap: queue)")
        for run in runs_of(waiting().log.logs)
        if run.state is RunState.QUEUED
    ]
    assert queued
    assert start_by(load(BY_NINE), queued, minute(at("08:59"))) is None


def test_a_suspended_schedule_needs_none() -> None:
    found = load_of(waiting(), "08:59")
    assert not found.well
    assert replace(found, suspended=True).well


def test_status_says_by_when_it_should_start() -> None:
    found = all_of(waiting(), "08:00")
    text = status_text(found, Style(colour=False))
    assert "; should start by 2026-11-20T09:00Z" in text
    assert text.splitlines()[-1] == "Needs attention: load."
    document = {one["name"]: one for one in status_json(found)["schedules"]}
    assert document["load"]["start_by"] == format_minute(minute(at("09:00")))
    assert document["extract"]["start_by"] is None


def test_it_is_listed_among_many_that_are_well() -> None:
    others = [extract(name=f"other-{number:02}", dependants=()) for number in range(60)]
    world = live(extract(), load(BY_NINE), *others)
    world.wake("05:00")
    world.wake("06:00")
    for number in range(1, 62):
        world.end(number, CallState.SUCCEEDED)
    listed = selection(all_of(world, "08:00"), Filter(), everything=False)
    assert "load" in [one.record.name for one in listed]
