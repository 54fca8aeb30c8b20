"""What the next change of the clock moves of a schedule."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.cron import instant, minute, tzinfo_named
from reconciler.dispatch.decide.nominal_times import running_times
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.plan.clock_change import ClockChange, JumpedTime, MovedTime, next_clock_change

NOW = minute(datetime(2026, 11, 20, 15, tzinfo=UTC))
SPRING = minute(datetime(2027, 3, 14, 7, tzinfo=UTC))
SUMMER = minute(datetime(2026, 7, 1, tzinfo=UTC))
NEW_YORK = "America/New_York"


def record(*when: str, zone: str = NEW_YORK) -> ScheduleRecord:
    return ScheduleRecord(
        name="a", app="shop", function="sync", anchor=NOW, when=when, timezone=zone
    )


def found(*when: str, zone: str = NEW_YORK, now: int = NOW) -> ClockChange:
    change = next_clock_change(record(*when, zone=zone), now)
    assert change is not None
    return change


def hours(*given: float) -> tuple[int, ...]:
    return tuple(round(hour * 60) for hour in given)


def test_a_time_of_day_is_another_one_in_utc_after_the_change() -> None:
    change = found("0 6 * * *")
    assert (change.at, change.before, change.after) == (SPRING, -300, -240)
    assert change.moved == (MovedTime(*hours(6, 11, 10)),)
    assert change.jumped == ()


def test_a_time_that_the_clock_jumps_over_runs_when_the_jump_is_done() -> None:
    change = found("30 2 * * *")
    (jumped,) = change.jumped
    assert instant(jumped.local) == datetime(2027, 3, 14, 2, 30, tzinfo=UTC)
    assert jumped.runs == SPRING


def test_a_wildcard_is_not_made_up_for() -> None:
    assert [jumped.runs for jumped in found("*/30 2 * * *").jumped] == [None, None]


def test_jumped_over_is_what_lies_from_the_first_minute_of_the_jump_to_before_its_last() -> None:
    (jumped,) = found("0 2,3 * * *").jumped
    assert instant(jumped.local) == datetime(2027, 3, 14, 2, tzinfo=UTC)
    (jumped,) = found("59 1,2 * * *").jumped
    assert instant(jumped.local) == datetime(2027, 3, 14, 2, 59, tzinfo=UTC)


def test_of_a_fixed_time_and_a_wildcard_at_one_minute_the_fixed_one_runs() -> None:
    assert [jumped.runs for jumped in found("30 2 * * *", "*/30 2 * * *").jumped] == [None, SPRING]
    assert [jumped.runs for jumped in found("*/30 2 * * *", "30 2 * * *").jumped] == [None, SPRING]


@pytest.mark.parametrize(("bound", "jumped"), [(-1, 0), (0, 0), (1, 1)])
def test_what_ends_by_the_jump_is_not_in_force_at_it(bound: int, jumped: int) -> None:
    ended = next_clock_change(replace(record("30 2 * * *"), end=SPRING + bound), NOW)
    assert (0 if ended is None else len(ended.jumped)) == jumped
    begun = next_clock_change(replace(record("30 2 * * *"), start=SPRING + bound), NOW)
    assert begun is not None
    assert len(begun.jumped) == (0 if bound > 0 else 1)


@pytest.mark.parametrize(("ahead", "known"), [(-1, False), (0, True)])
def test_a_change_is_looked_for_within_400_days(ahead: int, known: bool) -> None:
    # At 2024-02-29T18:00Z midnight became 23:00 in Almaty, where no clock had changed since 2004.
    last = minute(datetime(2024, 2, 29, 18, tzinfo=UTC))
    change = next_clock_change(record("0 6 * * *", zone="Asia/Almaty"), last - 400 * 1440 + ahead)
    assert (change is not None) is known


@pytest.mark.parametrize(("time", "times"), [("0 3", 2), ("1 3", 1)])
def test_the_times_of_the_eight_days_after_a_change_count(time: str, times: int) -> None:
    assert len(found("0 6 15 3 *", f"{time} 22 3 *").moved) == times


def test_each_of_several_expressions_is_looked_at() -> None:
    (jumped,) = found("0 6 * * *", "30 2 * * *").jumped
    assert jumped.runs == SPRING


def test_every_hour_written_as_a_list_is_made_up_for() -> None:
    (jumped,) = found("30 0-23 * * *").jumped
    assert jumped.runs == SPRING


def test_nothing_jumped_over_is_shown_of_a_day_on_which_it_does_not_run() -> None:
    mondays = found("30 2 * * 1")
    assert mondays.jumped == ()
    excluded = replace(record("30 2 * * *"), exclude=("2027-03-14",))
    change = next_clock_change(excluded, NOW)
    assert change is not None
    assert change.jumped == ()
    assert change.moved == (MovedTime(*hours(2.5, 7.5, 6.5)),)


def test_nothing_jumped_over_is_shown_of_what_begins_after_the_change() -> None:
    change = next_clock_change(replace(record("30 2 * * *"), start=SPRING + 1440), NOW)
    assert change is not None
    assert change.jumped == ()


def test_in_autumn_nothing_is_jumped_over() -> None:
    change = found("30 1 * * *", now=SUMMER)
    assert (change.before, change.after, change.jumped) == (-240, -300, ())
    assert change.moved == (MovedTime(*hours(1.5, 5.5, 6.5)),)


def test_a_run_of_every_hour_is_at_the_same_minutes_of_utc() -> None:
    assert next_clock_change(record("*/5 * * * *"), NOW) is None
    half = found("0 * * * *", zone="Australia/Lord_Howe")
    assert len(half.moved) == 24


def test_a_monthly_run_is_shown_by_its_next_occurrence() -> None:
    assert found("0 9 1 * *").moved == (MovedTime(*hours(9, 14, 13)),)


def test_where_the_clock_does_not_change_nothing_moves() -> None:
    assert next_clock_change(record("0 6 * * *", zone="UTC"), NOW) is None
    assert next_clock_change(record("0 6 * * *", zone="Asia/Kolkata"), NOW) is None


def test_what_has_ended_or_is_suspended_by_then_does_not_move() -> None:
    ended = replace(record("30 2 * * *"), end=SPRING - 1440)
    assert next_clock_change(ended, NOW) is None
    assert next_clock_change(replace(record("30 2 * * *"), suspended=""), NOW) is None


@given(
    hour=st.integers(0, 23),
    minutes=st.integers(0, 59),
    zone=st.sampled_from([NEW_YORK, "Europe/Berlin", "Australia/Lord_Howe", "America/Havana"]),
)
def test_a_daily_run_is_at_the_old_time_of_utc_before_and_at_the_new_one_after(
    hour: int, minutes: int, zone: str
) -> None:
    daily = record(f"{minutes} {hour} * * *", zone=zone)
    change = next_clock_change(daily, NOW)
    assert change is not None
    (moved,) = change.moved
    assert moved.local == hour * 60 + minutes
    before, after = (next(running_times(daily, change.at + days * 1440)) % 1440 for days in (-5, 5))
    assert (moved.before, moved.after) == (before, after)
    on_the_day = {
        f"{instant(at).astimezone(tzinfo_named(zone)):%H:%M}"
        for at in running_times_until(daily, change.at - 720, change.at + 1440)
    }
    told = {JumpedTime(jumped.local, change.at) for jumped in change.jumped}
    assert set(change.jumped) == told
    assert (f"{hour:02}:{minutes:02}" in on_the_day) or told


def running_times_until(of: ScheduleRecord, after: int, until: int) -> list[int]:
    times = []
    for at in running_times(of, after):
        if at > until:
            break
        times.append(at)
    return times
