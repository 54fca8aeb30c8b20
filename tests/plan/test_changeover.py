"""What a change of times skips and doubles on the day it is made."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.cron import minute
from reconciler.dispatch.decide.nominal_times import running_times
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.plan.changeover import Changeover, changeover
from reconciler.plan.period import periods_around

FRIDAY = minute(datetime(2026, 11, 20, tzinfo=UTC))
LONG_AGO = FRIDAY - 400 * 1440
DAY = 1440


def at(time: str, day: int = 0) -> int:
    """The epoch minute of a time of day on that Friday, or days after it."""
    hour, minutes = map(int, time.split(":"))
    return FRIDAY + day * DAY + hour * 60 + minutes


def record(*when: str, anchor: int = LONG_AGO, zone: str = "UTC") -> ScheduleRecord:
    return ScheduleRecord(
        name="a", app="shop", function="sync", anchor=anchor, when=when, timezone=zone
    )


def change(old: str, new: str, now: int, through: int | None = None) -> Changeover:
    """Replace one expression by another."""
    return changeover(record(old), record(new, anchor=now), now, through)


def test_a_run_moved_to_a_time_of_today_that_is_past_is_skipped() -> None:
    found = change("0 9 * * *", "0 8 * * *", at("08:30"))
    assert found == Changeover(skipped=(at("09:00"),), unit="day")


def test_a_run_that_was_today_and_is_moved_to_later_today_is_doubled() -> None:
    found = change("0 8 * * *", "0 9 * * *", at("08:30"))
    assert found == Changeover(doubled=(at("09:00"),), unit="day")


@pytest.mark.parametrize("now", ["07:59", "09:00", "23:00"])
def test_before_the_earlier_and_after_the_later_of_the_two_times_nothing_is_lost(now: str) -> None:
    assert change("0 9 * * *", "0 8 * * *", at(now)) == Changeover(unit="day")
    assert change("0 8 * * *", "0 9 * * *", at(now)) == Changeover(unit="day")


def test_what_no_wake_has_processed_yet_was_not_done_and_is_not_doubled() -> None:
    late = change("0 8 * * *", "0 9 * * *", at("08:30"), through=at("07:59"))
    assert late.doubled == ()


def test_a_weekly_run_is_counted_in_its_week() -> None:
    thursday = at("12:00", day=-1)
    moved_back = change("0 9 * * 5", "0 9 * * 2", thursday)
    assert moved_back == Changeover(skipped=(at("09:00"),), unit="week")
    moved_on = change("0 9 * * 2", "0 9 * * 5", thursday)
    assert moved_on == Changeover(doubled=(at("09:00"),), unit="week")


def test_a_quarterly_run_is_counted_in_its_year_and_an_hourly_one_in_its_hour() -> None:
    quarterly = change("0 9 1 1,4,7,10 *", "0 9 15 2,5,8,11 *", at("12:00", day=-10))
    assert (quarterly.unit, quarterly.doubled) == ("year", (at("09:00", day=-5),))
    hourly = change("0 * * * *", "30 * * * *", at("10:15"))
    assert hourly == Changeover(doubled=(at("10:30"),), unit="hour")


def test_more_or_fewer_runs_a_day_are_what_was_asked_for() -> None:
    for now in (at("07:00"), at("12:00"), at("23:30")):
        assert change("0 9 * * *", "*/5 * * * *", now).skipped == ()
        assert change("0 9 * * *", "*/5 * * * *", now).doubled == ()
        assert change("*/5 * * * *", "0 9 * * *", now).doubled == ()


def test_days_are_those_of_the_zone() -> None:
    now = at("03:30")  # 22:30 on Thursday in New York
    old = record("0 22 * * *", zone="America/New_York")
    new = record("0 23 * * *", zone="America/New_York", anchor=now)
    assert changeover(old, new, now, None).doubled == (at("04:00"),)
    assert periods_days(now, "America/New_York") == (at("05:00", day=-1), at("05:00"))


def test_a_day_on_which_the_clock_changes_is_as_long_as_it_is() -> None:
    spring = minute(datetime(2027, 3, 14, 12, tzinfo=UTC))
    start, end = periods_days(spring, "America/New_York")
    assert (end - start) // 60 == 23


def periods_days(now: int, zone: str) -> tuple[int, int]:
    (day,) = [period for period in periods_around(now, zone) if period.unit == "day"]
    return day.start, day.end


def test_a_schedule_that_began_after_its_time_of_today_skips_nothing() -> None:
    young = record("0 9 * * *", anchor=at("12:00"))
    assert changeover(young, record("0 8 * * *", anchor=at("13:00")), at("13:00"), None) == (
        Changeover(unit="day")
    )


def test_a_time_before_a_schedule_began_was_not_done_and_is_not_doubled() -> None:
    young = record("0 9 * * *", anchor=at("12:00"))
    moved = record("0 14 * * *", anchor=at("13:00"))
    assert changeover(young, moved, at("13:00"), None) == Changeover(unit="day")
    older = record("0 9 * * *", anchor=at("08:59"))
    assert changeover(older, moved, at("13:00"), None).doubled == (at("14:00"),)


def test_a_change_of_anything_but_the_times_skips_and_doubles_nothing() -> None:
    old = record("0 9 * * *")
    assert changeover(old, replace(old, deadline=60), at("08:30"), None) == Changeover()


def test_tasks_and_suspended_schedules_have_no_runs_to_skip_or_double() -> None:
    old, now = record("0 9 * * *"), at("08:30")
    task = replace(record(anchor=now), at=at("20:00"))
    assert changeover(old, task, now, None) == Changeover()
    done = replace(record(), at=at("08:00"))
    assert changeover(done, record("0 9 * * *", anchor=now), now, None) == Changeover()
    suspended = replace(record("0 8 * * *", anchor=now), suspended="")
    assert changeover(old, suspended, now, None) == Changeover()


def test_what_runs_too_often_to_be_counted_is_left_alone() -> None:
    found = change("* * * * 1", "0 9 * * 3", at("12:00", day=-3))
    assert found == Changeover()


@pytest.mark.parametrize(("more", "unit"), [((), "year"), (("0 0 1 7 *",), None)])
def test_up_to_500_occurrences_are_counted(more: tuple[str, ...], unit: str | None) -> None:
    new = record("0 0-19 1-25 6 *", *more, anchor=at("12:00"))
    assert changeover(record("0 0 1 1 *"), new, at("12:00"), None).unit == unit


times_of_day = st.integers(0, DAY - 1)


@given(old=times_of_day, new=times_of_day, now=times_of_day)
def test_once_a_day_it_is_skipped_or_doubled_exactly_when_the_change_is_between_the_two(
    old: int, new: int, now: int
) -> None:
    moved = FRIDAY + now
    first, second = (f"{time % 60} {time // 60} * * *" for time in (old, new))
    found = change(first, second, moved)
    same_hour = old // 60 == new // 60 == now // 60
    assert found.unit == ("hour" if same_hour else "day")
    assert found.skipped == ((FRIDAY + old,) if new <= now < old else ())
    assert found.doubled == ((FRIDAY + new,) if old <= now < new else ())


crons = st.builds(
    lambda minutes, hours, weekdays: f"{minutes} {hours} * * {weekdays}",
    st.sampled_from(["0", "7", "30", "*/20", "5,50"]),
    st.sampled_from(["*", "0", "9", "23", "*/6", "8-17"]),
    st.sampled_from(["*", "1", "5", "1-5", "6,0"]),
)
zones = st.sampled_from(["UTC", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"])


@given(
    old=crons,
    new=crons,
    zone=zones,
    now=st.integers(FRIDAY - 300 * DAY, FRIDAY + 300 * DAY),
    unserved=st.integers(0, 3 * DAY),
)
def test_what_is_skipped_was_to_come_and_what_is_doubled_will_come_and_never_both(
    old: str, new: str, zone: str, now: int, unserved: int
) -> None:
    before, after = record(old, zone=zone), record(new, zone=zone, anchor=now)
    found = changeover(before, after, now, now - unserved)
    assert not (found.skipped and found.doubled)
    for times, source in ((found.skipped, before), (found.doubled, after)):
        ahead = running_times(replace(source, anchor=LONG_AGO), now)
        assert times == tuple(next(ahead) for _ in times)


@given(expression=crons, now=st.integers(FRIDAY, FRIDAY + 300 * DAY))
def test_times_that_stay_the_same_skip_and_double_nothing(expression: str, now: int) -> None:
    found = change(expression, expression, now)
    assert (found.skipped, found.doubled) == ((), ())
