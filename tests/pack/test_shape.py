"""Shapes: five fields in one integer, and what they cost."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.cron import Timetable, minute, parse
from reconciler.cron.dates import date_rule
from reconciler.cron.expression import times_of_day
from reconciler.pack.shape import (
    UNITS_PER_MONTH,
    at_times,
    days,
    expression,
    shape,
)
from reconciler.pack.shape import cost as shape_cost
from tests.cron.strategies import expressions

_ANY_DAY = date_rule(parse("* * * * *"), (1 << 13) - 2)


@given(expressions)
@settings(max_examples=40)
def test_the_cost_of_a_shape_is_how_often_its_expression_wakes(text: str) -> None:
    parsed = parse(text)
    this = shape(parsed.minutes, parsed.hours, [date_rule(parsed, parsed.months)])
    timetable = Timetable((parse(expression(this)),), "UTC")
    # Every date has each weekday four times in 28 years, but 29 February is a little too frequent.
    first = minute(datetime(2001, 1, 1, tzinfo=UTC)) // 1440
    days_of_cycle = range(first, first + 28 * 365 + 7)
    wakes = sum(timetable.minutes_of_day(day).bit_count() for day in days_of_cycle)
    in_february = timetable.expressions[0].times.bit_count() * (1 / 4 - 97 / 400) / 12
    assert abs(shape_cost(this) / UNITS_PER_MONTH - wakes / 28 / 12) <= in_february + 1e-6


@given(st.integers(1, (1 << 60) - 1), st.integers(1, (1 << 24) - 1))
def test_times_of_a_shape(minutes: int, hours: int) -> None:
    this = shape(minutes, hours, [_ANY_DAY])
    assert at_times(days(this), times_of_day(minutes, hours)) == this


def test_a_shape_reads_as_its_expression() -> None:
    for text in ("*/5 9-17 * * 1-5", "0 0 1,15 * 1", "*/30 */6 * 1,4,7,10 *", "7 3 29 2 *"):
        parsed = parse(text)
        rules = [date_rule(parsed, parsed.months)]
        assert parse(expression(shape(parsed.minutes, parsed.hours, rules))) == parsed
