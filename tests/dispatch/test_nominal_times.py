"""Which nominal times count: bounds, exclusions, suspensions that end by themselves."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import pytest

from reconciler.cron import minute
from reconciler.dispatch.decide.due import DropOutcome, Dropped, judge
from reconciler.dispatch.decide.nominal_times import (
    exclusion,
    latest_time,
    nominal_times,
    running_times,
)
from reconciler.policies import Catchup
from tests.dispatch.scenario import PUNCTUALITY, at, hourly


def m(text: str) -> int:
    return minute(at(text))


def test_nothing_occurs_before_the_start_or_from_the_end_on() -> None:
    record = hourly(start=m("10:00"), end=m("12:00"))
    assert list(nominal_times(record, m("08:30"), m("15:00"))) == [m("10:00"), m("11:00")]
    assert list(running_times(record, m("08:30"))) == [m("10:00"), m("11:00")]


def test_a_schedule_of_every_minute_begins_with_its_start_and_ends_before_its_end() -> None:
    record = hourly(when=("* * * * *",), start=m("10:00"), end=m("10:02"))
    times = [m("10:00"), m("10:01")]
    assert list(nominal_times(record, m("08:30"), m("15:00"))) == times
    assert list(running_times(record, m("08:30"))) == times
    assert [latest_time(record, m(until)) for until in ("09:59", "10:00", "15:00")] == [
        None,
        *times,
    ]


def test_the_latest_time_is_not_before_the_schedule_began() -> None:
    record = hourly(since="09:00")
    assert latest_time(record, m("09:59")) is None
    assert latest_time(record, m("10:00")) == m("10:00")


def test_a_single_time_occurs_once() -> None:
    record = hourly(when=(), at=m("10:00"))
    assert list(nominal_times(record, m("09:59"), m("10:00"))) == [m("10:00")]
    assert list(nominal_times(record, m("10:00"), m("15:00"))) == []
    assert [latest_time(record, m(until)) for until in ("09:59", "10:00")] == [None, m("10:00")]


def test_excluded_days_are_those_of_the_schedules_own_zone() -> None:
    record = hourly(
        when=("30 23 * * *",),
        timezone="America/New_York",
        exclude=("2026-11-20", "2026-12-24..2026-12-26"),
    )
    assert exclusion(record, m("2026-11-20T04:30")) is None, "still the 19th in New York"
    assert exclusion(record, m("2026-11-21T04:30")) == "excluded by 2026-11-20"
    assert exclusion(record, m("2026-12-27T04:30")) == "excluded by 2026-12-24..2026-12-26"
    assert exclusion(record, m("2026-12-28T04:30")) is None


def test_an_exclusion_can_be_a_cron_expression() -> None:
    record = hourly(exclude=("* 0-8 * * *", "* * * * sat"))
    assert list(islice(running_times(record, m("08:30")), 2)) == [m("09:00"), m("10:00")]
    assert next(running_times(record, m("23:30"))) == m("2026-11-22T09:00")


def test_what_is_excluded_is_skipped_with_its_reason_and_does_not_count_for_catchup() -> None:
    record = hourly(exclude=("0 11 * * *",), catchup=Catchup.LATEST)
    verdict = judge(record, [m("10:00"), m("11:00")], m("11:00"), PUNCTUALITY)
    assert verdict.start == (m("10:00"),)
    assert verdict.dropped == (
        Dropped("hourly", (m("11:00"),), DropOutcome.SKIPPED, "excluded by 0 11 * * *"),
    )


def test_a_suspension_ends_by_itself_at_the_minute_that_was_named() -> None:
    record = hourly(suspended="moving", resumes=m("11:00"))
    verdict = judge(record, [m("10:00"), m("11:00")], m("11:00"), PUNCTUALITY)
    assert verdict.start == (m("11:00"),)
    (gone,) = verdict.dropped
    assert gone.reason == "suspended: moving until 2026-11-20T11:00Z"
    assert next(running_times(record, m("08:30"))) == m("11:00")
    assert list(running_times(hourly(suspended=""), m("08:30"))) == []


def test_a_long_suspension_hides_no_time_after_it() -> None:
    record = hourly(when=("* * * * *",), suspended="moving", resumes=m("2027-11-20T11:00"))
    assert next(running_times(record, m("08:30"))) == m("2027-11-20T11:00")


@pytest.mark.parametrize(
    ("timezone", "first"),
    [
        ("UTC", "2027-09-05T00:00"),
        ("America/New_York", "2027-09-05T04:00"),
        ("Asia/Kolkata", "2027-09-04T18:30"),
        # There the clocks go from midnight to one o'clock on that day.
        ("America/Santiago", "2027-09-05T04:00"),
    ],
)
def test_long_excluded_dates_hide_no_time_after_them(timezone: str, first: str) -> None:
    record = hourly(
        when=("* * * * *",),
        timezone=timezone,
        exclude=("2026-11-20..2027-08-31", "2027-08-30..2027-09-04", "0 0 1 1 *"),
    )
    assert next(running_times(record, m("2026-11-21T12:00"))) == m(first)


def test_a_month_that_an_expression_excludes_hides_no_time_after_it() -> None:
    record = hourly(when=("* * * * *",), exclude=("* * * 12 *",))
    assert next(running_times(record, m("2026-12-01T00:00"))) == m("2027-01-01T00:00")


def test_a_single_time_is_to_run_unless_it_is_excluded() -> None:
    record = hourly(when=(), at=m("2026-12-24T09:00"))
    assert list(running_times(record, m("08:30"))) == [m("2026-12-24T09:00")]
    assert list(running_times(replace(record, exclude=("2026-12-24",)), m("08:30"))) == []


@pytest.mark.parametrize("last", ["9999-12-30", "9999-12-31"])
def test_dates_that_are_excluded_without_end_leave_no_time(last: str) -> None:
    record = hourly(timezone="America/New_York", exclude=(f"2026-11-20..{last}",))
    assert list(running_times(record, m("08:30"))) == []


def test_neither_has_one_whose_rare_times_are_all_excluded() -> None:
    record = hourly(when=("0 6 25 12 *",), exclude=("0 6 25 12 *",))
    assert list(running_times(record, m("08:30"))) == []


def test_a_schedule_whose_every_time_is_excluded_has_no_next_one() -> None:
    record = hourly(when=("* * * * *",), exclude=("* * * * *",))
    assert list(running_times(record, m("08:30"))) == []
