"""Durations: one parser and one renderer, and they are each other's inverse."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.durations import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("90s", timedelta(seconds=90)),
        ("10m", timedelta(minutes=10)),
        ("24h", timedelta(hours=24)),
        ("1d", timedelta(days=1)),
        ("1h30m", timedelta(minutes=90)),
        ("1d2h3m4s", timedelta(days=1, hours=2, minutes=3, seconds=4)),
        ("0s", timedelta()),
        ("999999999s", timedelta(seconds=999_999_999)),
    ],
)
def test_units_add_up(text: str, duration: timedelta) -> None:
    assert parse_duration(text) == duration


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5",
        "h",
        "30m1h",
        "1h1h",
        "-1h",
        "1.5h",
        "1 h",
        "1h\n",
        "1w",
        "٣h",
        "1234567d",
        "1234567890s",
    ],
)
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration such as 90s, 10m, 1h30m or 1d"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (timedelta(), "0s"),
        (timedelta(seconds=90), "1m30s"),
        (timedelta(hours=24), "1d"),
        (timedelta(days=400, seconds=1), "400d1s"),
    ],
)
def test_the_shortest_exact_text_is_written(duration: timedelta, text: str) -> None:
    assert format_duration(duration) == text


@pytest.mark.parametrize("duration", [timedelta(seconds=-1), timedelta(microseconds=1)])
def test_what_no_text_can_say_is_not_rounded(duration: timedelta) -> None:
    with pytest.raises(ValueError, match="is negative or not a number of whole seconds"):
        format_duration(duration)


@given(st.integers(min_value=0, max_value=999_999 * 86_400))
def test_a_formatted_duration_is_parsed_back(seconds: int) -> None:
    duration = timedelta(seconds=seconds)
    assert parse_duration(format_duration(duration)) == duration
