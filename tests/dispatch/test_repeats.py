"""A wake that looks again at what earlier wakes settled reports none of it a second time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from reconciler.alerts import Alerts
from reconciler.cron import minute
from reconciler.dispatch.adapters.in_memory import FakeRunLog
from reconciler.dispatch.answers import CallState
from reconciler.model.cursor import CURSOR_KEY
from reconciler.model.runs_file import ReadLogs, RunRecord, RunState
from reconciler.policies import Catchup
from tests.dispatch.alarm_scenario import rule, texts
from tests.dispatch.scenario import World, at, hourly, lines


def without_number(world: World) -> None:
    """The cursor as a wake of the previous version writes it: without the keys that are new."""
    entry = world.claims.entries[CURSOR_KEY]
    new = ("number", "reached")
    world.claims.entries[CURSOR_KEY] = {key: entry[key] for key in entry if key not in new}


def test_an_end_that_was_reported_is_not_reported_again_when_the_cursor_has_no_number() -> None:
    world = World()
    world.live(hourly(), alerts=Alerts(rule()), begun={"hourly": 1})
    world.wake("09:00")
    world.end(1, CallState.FAILED, "ValueError")
    assert lines(world.wake("09:10"), RunState.FAILED) == ["hourly@09:00"]
    told = texts(world)
    assert len(told) == 1
    without_number(world)
    assert world.wake("09:20").records == ()
    assert world.wake("09:30").records == ()
    assert texts(world) == told
    assert len(world.caller.calls) == 1


def test_old_failures_are_no_new_row_when_the_cursor_has_no_number() -> None:
    world = World()
    world.live(hourly(), alerts=Alerts(rule(failures=2)), begun={"hourly": 1})
    states = (CallState.FAILED, CallState.FAILED, CallState.SUCCEEDED)
    for number, (hour, state) in enumerate(zip(("09", "10", "11"), states, strict=True), start=1):
        world.wake(f"{hour}:00")
        world.end(number, state)
        world.wake(f"{hour}:10")
    told = texts(world)
    without_number(world)
    world.wake("11:20")
    world.wake("11:30")
    assert texts(world) == told


def test_a_run_that_still_goes_on_is_watched_to_its_end_though_it_was_found_again() -> None:
    world = World()
    world.live(hourly(), begun={"hourly": 1})
    world.wake("09:00")
    without_number(world)
    entry = world.claims.entries[CURSOR_KEY]
    world.claims.entries[CURSOR_KEY] = {**entry, "calls": {}}
    assert world.wake("09:10").records == ()
    world.end(1, CallState.SUCCEEDED)
    assert lines(world.wake("09:20"), RunState.SUCCEEDED) == ["hourly@09:00"]


def test_a_start_that_no_runs_file_names_is_written_down_by_the_wake_that_finds_it() -> None:
    world = World()
    world.live(hourly(), begun={"hourly": 1})
    world.wake("09:00")
    world.log.logs.clear()  # the wake died before its file
    without_number(world)
    assert lines(world.wake("09:10"), RunState.STARTED) == ["hourly@09:00"]


def test_a_miss_that_was_alarmed_is_not_alarmed_again_under_another_name() -> None:
    world = World()
    missed = hourly(when=("*/10 * * * *",), catchup=Catchup.LATEST)
    world.live(missed, alerts=Alerts(rule()), begun={"hourly": 1})
    world.wake("09:30")
    told = texts(world)
    assert len(told) == 1
    without_number(world)
    world.wake("09:35")
    assert texts(world) == told


@dataclass
class Counting(FakeRunLog):
    """Notes how many days of runs files are read."""

    days: list[int] = field(default_factory=list)

    async def recent(self, days: int, about: Callable[[str], bool] | None = None) -> ReadLogs:
        self.days.append(days)
        return await super().recent(days, about)


@pytest.mark.parametrize(
    ("time", "days"), [("09:10", 2), ("2026-11-21T08:50", 2), ("2026-11-21T09:00", 3)]
)
def test_no_older_runs_files_are_read_than_can_name_what_was_found_again(
    time: str, days: int
) -> None:
    log = Counting()
    world = World(log=log)
    world.live(hourly(when=("0 9 * * *",)), begun={"hourly": 1})
    world.wake("09:00")
    without_number(world)
    log.days.clear()
    world.wake(time)
    assert log.days == [days]


def test_runs_files_are_read_from_the_day_on_of_the_oldest_run_whose_claim_may_be_gone() -> None:
    log = Counting()
    world = World(log=log)
    world.live(hourly(since="03:30", catchup=Catchup.ALL), begun={"hourly": 1})
    world.wake("08:40")
    world.live(hourly(since="02:30", catchup=Catchup.ALL), begun={"hourly": 2})
    log.days.clear()
    world.wake("2026-11-29T02:50")
    assert log.days[0] == 10, "the days from 20 to 29 November"


def test_what_an_old_line_counts_without_spelling_it_out_is_not_started() -> None:
    world = World()
    world.live(hourly(since="08:30"), begun={"hourly": 1})
    log = world.wake("08:40")
    first, newest = minute(at("03:00")), minute(at("08:00"))
    cut = RunRecord(
        name="hourly", times=(first, newest), count=6, state=RunState.MISSED, at=log.started
    )
    world.log.logs.append(replace(log, records=(cut,)))
    world.live(hourly(since="02:30", catchup=Catchup.ALL), begun={"hourly": 2})
    starts = lines(world.wake("2026-11-29T08:41"), RunState.STARTED)
    assert starts[0] == "hourly@09:00"
