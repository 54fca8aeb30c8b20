"""Intervals are aligned to local midnight."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.cron import Timetable, minute, parse, parse_times

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
