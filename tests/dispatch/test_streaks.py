"""Streaks of failures: when one begins, when it is notified, what ends it."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.alerts import Alerts
from reconciler.cron import minute
from reconciler.dispatch.adapters.in_memory import FakeRunLog
from reconciler.dispatch.answers import CallState
from reconciler.dispatch.wake.request import WakeRequest
from reconciler.dispatch.wake.wake import wake
from reconciler.model.cursor import CURSOR_KEY
from reconciler.model.runs_file import WakeLog
from tests.dispatch.alarm_scenario import BAD, GOOD, alarming, rule, run_hours, texts
from tests.dispatch.scenario import World, at, hourly
from tests.dispatch.task_scenario import store, task


def test_failures_in_a_row_are_notified_once_until_a_run_succeeds() -> None:
    world = alarming(failures=3)
    run_hours(world, [BAD, BAD, GOOD, BAD, BAD, BAD, BAD, BAD])
    world.wake("17:30")
    (alarm,) = texts(world)
    assert "hourly has a streak of 3 failures, last hourly@2026-11-20T14:00Z" in alarm
    run_hours(world, [GOOD, BAD, BAD, BAD])
    world.wake("21:30")
    assert [text.partition(" hourly ")[2].partition(",")[0] for text in texts(world)] == [
        "has a streak of 3 failures",
        "succeeded again",
        "has a streak of 3 failures",
    ]


@pytest.mark.parametrize("wanted", [1, 2])
def test_a_run_that_fails_after_a_newer_one_has_succeeded_begins_no_row(wanted: int) -> None:
    world = alarming(failures=wanted)
    world.wake("09:00")
    world.wake("10:00")
    world.end(2, GOOD)
    world.wake("10:30")
    world.end(1, BAD)
    world.wake("11:00")
    assert len(texts(world)) == (1 if wanted == 1 else 0), "it is told where each is"
    world.end(3, BAD)
    world.wake("12:00")
    world.end(4, BAD)
    world.wake("13:00")
    times = re.findall(
        r"hourly has a streak of .*last hourly@2026-11-20T(\d\d)", "\n".join(texts(world))
    )
    told = re.findall(r"hourly failed, hourly@2026-11-20T(\d\d)", "\n".join(texts(world)))
    assert (told, times) == ((["09", "11"], []) if wanted == 1 else ([], ["12"]))
    assert "succeeded" not in world.claims.entries[CURSOR_KEY], "no older run is open any more"


def test_that_a_newer_run_has_succeeded_is_remembered_across_a_new_name() -> None:
    world, alerts = World(), Alerts(rule(failures=2))
    world.live(hourly("old"), alerts=alerts)
    world.wake("09:00")
    world.wake("10:00")
    world.live(hourly("new", formerly=(("old", minute(at("10:20"))),)), alerts=alerts)
    world.end(2, GOOD)
    world.wake("10:30")
    world.end(1, BAD)
    world.wake("11:00")
    world.end(3, BAD)
    world.wake("12:00")
    assert texts(world) == []


def test_a_row_that_was_too_short_is_notified_once_fewer_are_wanted() -> None:
    world = alarming(failures=3)
    run_hours(world, [CallState.FAILED] * 2)
    world.wake("10:30")
    assert texts(world) == []
    world.live(hourly(), alerts=Alerts(rule(failures=1)), environment="production")
    run_hours(world, [CallState.FAILED] * 2)
    world.wake("13:00")
    assert [text.partition(", last")[0] for text in texts(world)] == [
        "[production] hourly has a streak of 3 failures"
    ]


def test_a_row_that_was_notified_is_not_notified_again_when_another_number_is_wanted() -> None:
    world = alarming()
    run_hours(world, [CallState.FAILED] * 2)
    world.live(hourly(), alerts=Alerts(rule(failures=3)), environment="production")
    run_hours(world, [CallState.FAILED] * 3)
    run_hours(world, [CallState.SUCCEEDED])
    world.wake("15:00")
    assert [text.partition(",")[0] for text in texts(world)] == [
        "[production] hourly failed",
        "[production] hourly succeeded again",
    ]


def test_a_row_of_which_it_is_not_known_whether_it_was_notified_is_as_long_as_is_wanted() -> None:
    world = alarming()
    run_hours(world, [CallState.FAILED] * 2)
    entry = world.claims.entries[CURSOR_KEY]
    world.claims.entries[CURSOR_KEY] = {key: entry[key] for key in entry if key != "told"}
    run_hours(world, [CallState.FAILED] * 2)
    world.wake("13:00")
    assert len(texts(world)) == 1


def test_a_run_from_before_the_failures_that_succeeds_late_does_not_end_them() -> None:
    world = alarming()
    world.wake("09:00")
    world.wake("10:00")
    world.end(2, BAD, "ValueError: no rows")
    world.wake("10:30")
    world.end(1, GOOD)
    world.wake("11:00")
    assert len(texts(world)) == 1, "the one of 10:00 has failed, and none after it succeeded"
    world.end(3, GOOD)
    world.wake("11:30")
    assert "hourly succeeded again, hourly@2026-11-20T11:00Z" in texts(world)[-1]


def test_a_run_from_between_the_failures_that_succeeds_late_does_not_end_them_either() -> None:
    world = alarming(failures=2)
    for hour in ("09:00", "10:00", "11:00"):
        world.wake(hour)
    world.end(1, BAD)
    world.end(3, BAD)
    world.wake("11:10")
    world.end(2, GOOD)
    world.wake("11:20")
    (alarm,) = texts(world)
    assert "hourly has a streak of 2 failures, last hourly@2026-11-20T11:00Z" in alarm


def test_a_run_that_was_cancelled_neither_fails_nor_succeeds() -> None:
    world = alarming(failures=2)
    run_hours(world, [BAD, CallState.CANCELLED, CallState.TIMED_OUT])
    world.wake("12:30")
    assert "hourly has a streak of 2 failures" in texts(world)[0]


def test_an_occurrence_that_does_not_start_counts_once_however_often_it_is_tried() -> None:
    world = alarming(failures=2)
    world.caller.missing.add("shop/sync")
    for time in ("09:00", "09:10", "09:20"):
        world.wake(time)
    assert texts(world) == []
    world.wake("10:00")
    (alarm,) = texts(world)
    assert (
        "has a streak of 2 failures, last hourly@2026-11-20T10:00Z: there is no function" in alarm
    )


@dataclass
class HeldLog(FakeRunLog):
    """A run log that is slow for one wake."""

    reached: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    async def write(self, log: WakeLog) -> None:
        if log.wake == "fc-slow":
            self.reached.set()
            await self.released.wait()
        await super().write(log)


def test_a_slow_wake_does_not_bring_back_a_failure_that_was_made_good() -> None:
    """It would be counted again, and what fails from then on would count as notified."""
    log = HeldLog()
    world = alarming()
    world.log = log

    async def at_nine(name: str) -> None:
        await wake(world.ports("09:00"), WakeRequest(wake=name, token=name, slot=name))

    async def go_on(time: str) -> None:
        await wake(world.ports(time), WakeRequest(wake=f"fc-{time}", token=time, slot="poller"))

    async def play() -> None:
        slow = asyncio.create_task(at_nine("fc-slow"))
        await log.reached.wait()
        await at_nine("fc-fast")
        world.end(1, BAD)
        await go_on("10:00")
        world.end(2, GOOD)
        await go_on("11:00")
        log.released.set()
        await slow
        world.end(3, BAD)
        await go_on("12:00")

    asyncio.run(play())
    said = [text.partition(":00Z")[0] for text in texts(world)]
    assert said == [
        "[production] hourly failed, hourly@2026-11-20T09",
        "[production] hourly succeeded again, hourly@2026-11-20T10",
        "[production] hourly failed, hourly@2026-11-20T11",
    ]


@settings(max_examples=60)
@given(st.lists(st.sampled_from([GOOD, BAD, CallState.CANCELLED]), max_size=12), st.integers(1, 4))
def test_each_row_that_is_long_enough_is_notified_once_and_so_is_its_end(
    ends: list[CallState], wanted: int
) -> None:
    world = alarming(failures=wanted)
    run_hours(world, ends)
    world.wake("22:30")
    row, expected = 0, []
    for end in ends:
        if end is GOOD and row >= wanted:
            expected.append("succeeded again")
        row = 0 if end is GOOD else row + (end is BAD)
        if end is BAD and row == wanted:
            expected.append("failed" if wanted == 1 else "has a streak")
    said = "\n".join(texts(world))
    found = re.findall(r"hourly (succeeded again|failed|has a streak)", said)
    assert found == expected


def test_a_streak_goes_on_under_a_new_name() -> None:
    world = alarming(failures=2)
    run_hours(world, [BAD, BAD])
    world.wake("10:10")
    old = hourly()
    renamed = replace(old, name="renamed", formerly=((old.name, minute(at("10:20"))),))
    world.live(renamed, alerts=Alerts(rule(failures=2)))
    world.wake("11:00")
    world.end(3, BAD)
    world.wake("11:30")
    assert len(texts(world)) == 1


def test_the_streak_is_found_again_when_the_cursors_entry_is_gone() -> None:
    world = alarming(failures=2)
    run_hours(world, [BAD])
    world.wake("09:30")
    world.claims.entries.pop(CURSOR_KEY)
    run_hours(world, [BAD])
    world.wake("10:30")
    assert "hourly has a streak of 2 failures" in texts(world)[0]


def test_the_failure_of_a_task_is_an_alarm_however_many_in_a_row_are_wanted() -> None:
    world = World()
    world.live(alerts=Alerts(rule(failures=3)))
    store(world, task("renewal", "15:00"))
    world.wake("15:00")
    world.end(1, BAD, "ValueError: no rows")
    world.wake("15:30")
    (text,) = texts(world)
    assert text.startswith("task/renewal failed, task/renewal@2026-11-20T15:00Z: ValueError")


def test_so_is_that_of_a_schedule_that_occurs_once() -> None:
    world = World()
    once = hourly("once", when=(), at=minute(at("09:00")))
    world.live(once, alerts=Alerts(rule(failures=3)))
    run_hours(world, [BAD])
    world.wake("09:30")
    assert texts(world)[0].startswith("once failed, once@2026-11-20T09:00Z")
