"""What an expression means."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cronsim import CronSim, CronSimError
from hypothesis import given
from hypothesis import strategies as st

from reconciler.cron import CronError, parse, parse_times
from tests.cron.strategies import expressions


def values(bits: int) -> list[int]:
    return [bit for bit in range(64) if bits >> bit & 1]


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        ("7", [7]),
        ("1,5,3", [1, 3, 5]),
        ("8-11", [8, 9, 10, 11]),
        ("*/20", [0, 20, 40]),
        ("10-40/15", [10, 25, 40]),
        ("50/4", [50, 54, 58]),
        ("*/7", [0, 7, 14, 21, 28, 35, 42, 49, 56]),
        ("0,30-32,58/1", [0, 30, 31, 32, 58, 59]),
        ("*/90", [0]),
        ("59/5", [59]),
    ],
)
def test_lists_ranges_and_steps(minutes: str, expected: list[int]) -> None:
    assert values(parse(f"{minutes} * * * *").minutes) == expected


@pytest.mark.parametrize("weekday", ["0", "7", "SUN", "sun", "Sun", "7,0", "*/7"])
def test_sunday_is_0_and_7(weekday: str) -> None:
    assert values(parse(f"0 0 * * {weekday}").weekdays) == [0]


def test_ranges_of_weekdays_may_end_on_sunday_as_seven() -> None:
    assert values(parse("0 0 * * FRI-7").weekdays) == [0, 5, 6]


def test_names_stand_for_numbers_in_lists_ranges_and_steps() -> None:
    assert values(parse("0 0 * jan,MAR-may *").months) == [1, 3, 4, 5]
    assert values(parse("0 0 * * MON-FRI/2").weekdays) == [1, 3, 5]


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("@hourly", "0 * * * *"),
        ("@daily", "0 0 * * *"),
        ("@midnight", "0 0 * * *"),
        ("@weekly", "0 0 * * 0"),
        ("@monthly", "0 0 1 * *"),
        ("@yearly", "0 0 1 1 *"),
        ("@annually", "0 0 1 1 *"),
        ("@Daily", "0 0 * * *"),
    ],
)
def test_names_of_whole_expressions(name: str, meaning: str) -> None:
    assert parse(name) == parse(meaning)
    assert parse(name).text == name


@pytest.mark.parametrize(
    ("day_fields", "both"),
    [("1 * 1", False), ("*/2 * 1", True), ("1 * */2", True), ("* * 1", True), ("1-31 * 1", False)],
)
def test_day_fields_are_joined_by_and_when_one_starts_with_a_star(
    day_fields: str, *, both: bool
) -> None:
    assert parse(f"0 0 {day_fields}").both_days is both


@pytest.mark.parametrize(
    ("text", "wildcard"),
    [("* 2 * * *", True), ("0 */2 * * *", True), ("0,*/5 2 * * *", False), ("0 2 * * *", False)],
)
def test_a_wildcard_is_a_minute_or_hour_that_starts_with_a_star(
    text: str, *, wildcard: bool
) -> None:
    assert parse(text).wildcard is wildcard


def test_space_around_and_between_fields_does_not_matter() -> None:
    assert parse("  0\t6  * * *\n") == parse("0 6 * * *")


@pytest.mark.parametrize(
    ("text", "every"),
    [
        ("0 0 * * *", True),
        ("0 0 1-31 1-12 0-6", True),
        ("0 0 1-31 * 1", True),  # joined by OR
        ("0 0 1 * 0-6", True),
        ("0 0 * * 1", False),  # joined by AND
        ("0 0 1 * *", False),
        ("0 0 1-30 * 1-6", False),
        ("0 0 * 1-11 *", False),
        ("0 0 * 2-12 *", False),
    ],
)
def test_every_day_of_every_year(text: str, *, every: bool) -> None:
    assert parse(text).dates.every is every


def test_equal_means_the_same_times_not_the_same_text() -> None:
    assert parse("0,30 6 * * *") == parse("30,0 6-6 * * *")
    assert parse("0 6 * * *") != parse("0 7 * * *")


@given(expressions)
def test_the_bit_sets_are_those_of_cronsim(text: str) -> None:
    theirs = CronSim(text, datetime(2026, 1, 1, tzinfo=UTC))
    ours = parse(text)
    assert values(ours.minutes) == sorted(theirs.minutes)
    assert values(ours.hours) == sorted(theirs.hours)
    assert values(ours.days) == sorted(theirs.days)
    assert values(ours.months) == sorted(theirs.months)
    assert set(values(ours.weekdays)) == {
        day % 7 for day in theirs.weekdays if isinstance(day, int)
    }


@given(st.text(alphabet=" 0123456789*/,-?#LWHR@JANMONmhd~٣\u00a0", max_size=40) | st.text())
def test_any_text_is_parsed_or_refused_as_a_cron_error(text: str) -> None:
    try:
        outcome: object = parse_times(text)
    except CronError as refused:
        outcome = refused
    if isinstance(outcome, CronError):
        assert 0 <= outcome.start <= outcome.end <= len(text)
        assert outcome.message
    else:
        assert outcome


@given(st.text(alphabet="0123456789*/,- ", min_size=9, max_size=30))
def test_what_is_accepted_cronsim_accepts(text: str) -> None:
    try:
        parse(text)
    except CronError:
        return
    try:
        CronSim(text, datetime(2026, 1, 1, tzinfo=UTC))
    except CronSimError:
        pytest.fail(f"cronsim refuses {text!r}")
