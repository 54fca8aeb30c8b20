"""Intervals of up to a day are aligned to local midnight, longer ones to their first time.

The invariant of an interval of several days: its occurrences are its first local time and that time
of day on every Nth day after it. They depend on its text and zone alone, never on when it was
applied or last ran.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.cron import CronError, Timetable, counted_from, minute, parse, parse_times
from tests.cron.strategies import zones

MIDNIGHT = minute(datetime(2026, 11, 20, tzinfo=UTC))
DIVISORS = [n for n in range(1, 1441) if 1440 % n == 0]


@pytest.mark.parametrize(
    ("interval", "expressions"),
    [
        ("1m", ["* * * * *"]),
        ("10m", ["*/10 * * * *"]),
        ("60m", ["0 * * * *"]),
        ("1h", ["0 * * * *"]),
        ("120m", ["0 */2 * * *"]),
        ("6h", ["0 */6 * * *"]),
        ("24h", ["0 0 * * *"]),
        ("1d", ["0 0 * * *"]),
        (" 1 D ", ["0 0 * * *"]),
        ("90m", ["0 0,3,6,9,12,15,18,21 * * *", "30 1,4,7,10,13,16,19,22 * * *"]),
        (
            "45m",
            [
                "0,45 0,3,6,9,12,15,18,21 * * *",
                "30 1,4,7,10,13,16,19,22 * * *",
                "15 2,5,8,11,14,17,20,23 * * *",
            ],
        ),
    ],
)
def test_an_interval_becomes_the_expressions_that_say_it(
    interval: str, expressions: list[str]
) -> None:
    assert [expression.text for expression in parse_times(interval)] == expressions


@pytest.mark.parametrize("padding", ["", " " * 998])
def test_an_interval_is_as_long_as_an_expression_may_be(padding: str) -> None:
    assert parse_times(f"1d{padding}") == (parse("0 0 * * *"),)


def test_what_is_no_interval_is_parsed_as_an_expression() -> None:
    assert parse_times("0 6 * * *") == (parse("0 6 * * *"),)


@given(st.sampled_from(DIVISORS))
def test_times_are_evenly_spaced_from_midnight_on(every: int) -> None:
    timetable = Timetable(parse_times(f"{every}m"), "UTC")
    times = list(timetable.between(MIDNIGHT - 1, MIDNIGHT + 2 * 1440))
    assert times[0] == MIDNIGHT
    assert {later - earlier for earlier, later in pairwise(times)} == {every}


@given(st.sampled_from(DIVISORS))
def test_the_expressions_of_an_interval_are_alike_at_clock_changes(every: int) -> None:
    assert len({expression.wildcard for expression in parse_times(f"{every}m")}) == 1


firsts = st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1)).map(  # noqa: DTZ001
    lambda at: at.replace(second=0, microsecond=0)
)


@given(firsts, st.integers(2, 400))
def test_an_interval_of_days_runs_at_its_first_time_and_every_nth_day_after_it(
    first: datetime, days: int
) -> None:
    (expression,) = parse_times(f"{days}d from {first:%Y-%m-%dT%H:%M}")
    start = minute(first.replace(tzinfo=UTC))
    found = Timetable((expression,), "UTC").between(0, start + 3 * days * 1440)
    assert list(found) == [start + n * days * 1440 for n in range(4)]


@given(firsts, st.integers(2, 15), zones)
def test_intervals_that_begin_on_consecutive_days_share_out_the_daily_times(
    first: datetime, days: int, zone: str
) -> None:
    daily = Timetable((parse(f"{first.minute} {first.hour} * * *"),), zone)
    since = minute(first.replace(tzinfo=UTC)) + (days + 2) * 1440
    until = since + 400 * 1440
    shared: list[int] = []
    for offset in range(days):
        begin = first + timedelta(days=offset)
        expressions = parse_times(f"{days}d from {begin:%Y-%m-%dT%H:%M}")
        shared += Timetable(expressions, zone).between(since, until)
    # A day that a zone skips whole moves to the change, together with the day after it.
    assert sorted(set(shared)) == list(daily.between(since, until))


def test_two_weeks_keep_the_local_time_over_a_change_of_the_clock() -> None:
    times = Timetable(parse_times("2w from 2026-10-14T02:30"), "Europe/Berlin")
    found = times.between(0, minute(datetime(2026, 11, 12, tzinfo=UTC)))
    assert [datetime.fromtimestamp(at * 60, UTC).isoformat() for at in found] == [
        "2026-10-14T00:30:00+00:00",
        "2026-10-28T01:30:00+00:00",
        "2026-11-11T01:30:00+00:00",
    ]


FIRST = datetime(2026, 12, 2, 9, 30)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("2w", "2w from 2026-12-02T09:30"),
        ("14d", "14d from 2026-12-02T09:30"),
        ("48h", "48h from 2026-12-02T09:30"),
        ("1w", "30 9 * * 3"),
        ("7d", "30 9 * * 3"),
        ("1d", "1d"),
        ("6h", "6h"),
        ("0 6 * * *", "0 6 * * *"),
        ("6h from 2026-01-01T00:00", "6h from 2026-01-01T00:00"),  # `parse_times` refuses it
    ],
)
def test_an_interval_of_several_days_is_counted_from_its_first_time(
    text: str, counted: str
) -> None:
    assert counted_from(text, FIRST) == counted


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2w", "2w is counted from `start`, which is missing"),
        ("14d", "14d is counted from `start`, which is missing"),
        ("2mo", "unknown unit 'mo'"),
    ],
)
def test_an_interval_of_several_days_without_a_first_time_is_refused(
    text: str, message: str
) -> None:
    with pytest.raises(CronError, match=message) as caught:
        counted_from(text, None)
    assert caught.value.suggestion is None


@pytest.mark.parametrize("first", [None, FIRST])
def test_an_interval_names_its_first_time_as_start_alone(first: datetime | None) -> None:
    message = "counted from `start`: write 2w here, and 2026-01-01T09:00 as `start`"
    with pytest.raises(CronError, match=message):
        counted_from("2w from 2026-01-01T09:00", first)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("25h", "25h is more than a day and not whole days"),
        ("0d", "0d is not longer than zero"),
        ("6h from 2026-12-02T09:30", "aligned to the clock"),
        ("2w from 2026-13-02T09:30", "there is no time"),
        ("4000d from 2026-12-02T09:30", "longer than 3660 days"),
        ("2w", "names no first time"),
    ],
)
def test_an_interval_without_times_is_refused(text: str, message: str) -> None:
    with pytest.raises(CronError, match=message):
        parse_times(text)
