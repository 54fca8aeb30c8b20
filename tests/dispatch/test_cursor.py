"""How far wakes have come: the cursor without its entry, written late, under wrong clocks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from reconciler.cron import minute
from reconciler.dispatch.answers import (
    CallState,
    CallStatus,
)
from reconciler.model.cursor import CURSOR_KEY, MEASURED, Cursor, Lookback
from reconciler.model.runs_file import RunState
from reconciler.policies import Catchup
from tests.dispatch.scenario import World, at, hourly, lines


def test_without_the_cursor_the_runs_files_tell_where_to_go_on() -> None:
    world = World()
    world.live(hourly(catchup=Catchup.ALL))
    world.wake("09:00")
    world.claims.entries.clear()
    assert lines(world.wake("11:00"), RunState.STARTED) == ["hourly@10:00", "hourly@11:00"]


def test_without_the_cursor_open_calls_are_still_followed_to_their_end() -> None:
    world = World()
    world.live(hourly())
    world.wake("09:00")
    world.claims.entries.pop(CURSOR_KEY)
    world.caller.statuses["fc-1"] = CallStatus(CallState.SUCCEEDED, result="42")
    assert [record.result for record in world.wake("09:05").records] == ["42"]


def test_a_late_write_of_an_older_cursor_loses_nothing() -> None:
    world = World()
    world.live(hourly())
    world.wake("09:00")
    older = world.claims.entries[CURSOR_KEY]
    world.wake("10:00")
    world.claims.entries[CURSOR_KEY] = older
    world.wake("11:00")
    assert [key for key in world.started() if "T1" in key] == [
        "hourly@2026-11-20T10:00Z",
        "hourly@2026-11-20T11:00Z",
    ]
    assert len(world.caller.calls) == 3


def test_a_clock_that_was_ahead_for_a_while_loses_nothing() -> None:
    world = World()
    world.live(hourly())
    world.wake("09:00")
    world.wake("18:00")  # the clock of this one is wrong
    world.live(hourly(), hourly("fresh", since="09:30"))
    log = world.wake("10:00")
    assert "fresh@10:00" in lines(log, RunState.STARTED)


def test_a_wake_that_finds_another_generation_looks_again_only_at_what_began_with_it() -> None:
    world = World()
    world.live(hourly())
    world.wake("09:00")
    world.wake("10:00")  # stale: what is below had been applied by then
    world.live(hourly(), hourly("fresh", since="09:30"))
    log = world.wake("10:10")
    assert lines(log, RunState.STARTED) == ["fresh@10:00"]


def test_where_it_is_not_known_what_the_last_wake_had_read_a_day_is_looked_at_again() -> None:
    world = World()
    world.live(hourly(since="09:30"))
    world.wake("10:00")
    cursor = world.claims.entries[CURSOR_KEY]
    del world.claims.entries["hourly@2026-11-20T10:00Z"]
    world.claims.entries[CURSOR_KEY] = {k: v for k, v in cursor.items() if k != "known"}
    world.live(hourly(since="09:30"), hourly("other", since="10:05"))
    assert lines(world.wake("10:10"), RunState.STARTED) == ["hourly@10:00"]


def test_an_idle_wake_writes_no_runs_file_but_moves_the_cursor() -> None:
    world = World()
    world.live(hourly())
    world.wake("08:45")
    assert world.log.logs == []
    assert world.claims.entries[CURSOR_KEY]["through"] == "2026-11-20T08:45Z"


@dataclass
class SlowClock:
    """A clock on which each look at it takes three quarters of a second."""

    time: datetime

    def now(self) -> datetime:
        self.time += timedelta(seconds=0.75)
        return self.time


def test_the_cursor_remembers_how_long_the_last_wakes_took() -> None:
    world = World()
    world.live(hourly())
    for number in range(MEASURED + 2):
        time = f"2026-11-21T{number % 24:02}:00"
        world.wake(time, replace(world.ports(time), clock=SlowClock(at(time))))
    assert world.claims.entries[CURSOR_KEY]["took"] == [1.5] * MEASURED  # the first start, the end


def test_a_wake_for_one_minute_alone_is_not_measured_nor_one_whose_clock_was_set_back() -> None:
    world = World()
    world.live(hourly())
    world.wake("10:00", as_if=minute(at("09:00")))
    world.wake("11:00", replace(world.ports("11:00"), clock=BackwardClock(at("11:00"))))
    assert world.claims.entries[CURSOR_KEY]["took"] == []


@dataclass
class BackwardClock:
    """A clock that is set back all the time, by less than a minute."""

    time: datetime

    def now(self) -> datetime:
        self.time -= timedelta(seconds=0.5)
        return self.time


def test_a_wake_as_if_it_were_earlier_leaves_the_cursor_where_it_was() -> None:
    world = World()
    world.live(hourly())
    world.wake("12:00")
    world.wake("12:10", as_if=minute(at("10:00")))
    assert world.claims.entries[CURSOR_KEY]["through"] == "2026-11-20T12:00Z"


def test_a_schedule_that_an_earlier_wake_did_not_know_of_is_looked_at_from_its_beginning() -> None:
    world = World()
    world.live(hourly())
    world.wake("09:00")
    world.wake("10:05")  # it read what was live before 09:55
    world.live(hourly(), hourly("new", since="09:55"))
    assert "new@10:00" in lines(world.wake("10:10"), RunState.STARTED)


def test_the_first_wake_has_recovered_nothing() -> None:
    world = World()
    world.live(hourly())
    world.wake("09:00")
    assert "recovered" not in world.claims.entries[CURSOR_KEY]


def test_two_wakes_of_a_minute_that_read_the_same_generation_leave_its_name() -> None:
    one = Cursor(through=7, generation="g", known=3, number=1)
    merged = one.merge(one, now=7, settled=(), ended=())
    assert (merged.through, merged.generation, merged.known, merged.number) == (7, "g", 3, 1)


@pytest.mark.parametrize("swapped", [False, True])
def test_two_wakes_of_a_minute_that_read_two_generations_leave_what_both_had_read(
    *, swapped: bool
) -> None:
    one = Cursor(through=7, generation="g", known=3, number=2)
    other = Cursor(through=7, generation="h", known=5, number=1)
    found, newer = (other, one) if swapped else (one, other)
    merged = found.merge(newer, now=7, settled=(), ended=())
    assert (merged.through, merged.generation, merged.known, merged.number) == (7, None, 5, 2)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"through": 7, "generation": "g", "known": 3},
        *({"number": number} for number in (0, 1)),
        {"reached": 9},
        {"pending": {"a@2026-11-20T09:00Z": 2}, "triggered": frozenset({"a@2026-11-20T09:00Z"})},
        {"calls": {"fc-1": "a@2026-11-20T09:00Z"}},
        {"wakes": {"poller": "2026-11-20T09:00:01Z"}, "took": (0.5, 2.25)},
        {"tidied": "2026-11-20", "id": "t1.1", "recovered": "2026-11-20T09:00:01Z"},
    ],
    ids=str,
)
def test_a_cursor_is_read_back_as_it_was_written(values: dict[str, Any]) -> None:
    cursor = Cursor(**values)
    assert Cursor.from_json(cursor.to_json()) == cursor


DAY = 24 * 60
NOW = 100 * DAY


def test_a_wake_that_knows_nothing_looks_back_a_month_and_behind_a_wrong_clock_a_day() -> None:
    assert Cursor().lookback(NOW, "g") == Lookback(NOW - 31 * DAY)
    assert Cursor(through=NOW + 11).lookback(NOW, "g") == Lookback(NOW - DAY)


def test_a_schedule_that_began_after_all_that_wakes_had_read_is_looked_at_from_a_day_before() -> (
    None
):
    lookback = Lookback(NOW, fresh=50, number=2)
    assert (lookback.of(50), lookback.of(51)) == (NOW, NOW - DAY)
    assert (lookback.of(0, number=2), lookback.of(0, number=3)) == (NOW, NOW - DAY)
