"""Cloudflare's dialect is read as its published parser reads it, and ours is written in it."""

from __future__ import annotations

import json
from calendar import monthrange
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given

from reconciler.cron import CronError, Timetable, minute, parse, parse_times
from reconciler.cron.clock import EPOCH_ORDINAL
from reconciler.cron.cloudflare import read, write
from tests.cron.strategies import START, expressions

PUBLISHED = [
    json.loads(line)
    for line in Path(__file__).with_name("cloudflare-parser.jsonl").read_text().splitlines()
]
"""Answers of cloudflare/saffron 90c2af8: minutes from 29,700,000 to the first of 25 times, and from
each to the next; null where it refuses the expression."""
RECORDED_AT = 29_700_000


def steps_of(text: str) -> list[int] | None:
    """A trigger's times as they are recorded."""
    try:
        trigger = read(text)
    except CronError:
        return None
    steps: list[int] = []
    at = RECORDED_AT
    while len(steps) < 25 and (due := trigger.next(at)) is not None:
        steps.append(due - at)
        at = due
    return steps


def days_of(text: str, year: int, month: int) -> list[int]:
    """The days of a month on which a trigger fires."""
    first = date(year, month, 1).toordinal() - EPOCH_ORDINAL
    return [n + 1 for n in range(monthrange(year, month)[1]) if read(text).is_on(first + n)]


def test_an_expression_means_what_the_published_parser_reads() -> None:
    for row in PUBLISHED:
        assert steps_of(row["cron"]) == row["after"], row["cron"]


@pytest.mark.parametrize(
    ("text", "days"),
    [
        # February 2026 has 28 days, of which the 1st and the 28th are a Sunday and a Saturday.
        ("0 0 L 2 *", [28]),
        ("0 0 L-3 2 *", [25]),
        ("0 0 LW 2 *", [27]),
        ("0 0 1W 2 *", [2]),
        ("0 0 15W 2 *", [16]),
        ("0 0 * 2 friL", [27]),
        ("0 0 * 2 6L", [27]),
        ("0 0 * 2 MON#2", [9]),
        ("0 0 * 2 L", [7, 14, 21, 28]),
        ("0 0 1 2 SUN", [1, 8, 15, 22]),
        ("0 0 */2 2 1", [1, 3, 5, 7, 8, 9, 11, 13, 15, 17, 19, 21, 22, 23, 25, 27]),
    ],
)
def test_days_are_chosen_by_the_forms_of_quartz(text: str, days: list[int]) -> None:
    assert days_of(text, 2026, 2) == days


def test_a_saturday_before_the_end_fires_on_its_friday_and_its_monday() -> None:
    # 28 November 2026 is a Saturday, two days before the month ends.
    assert days_of("0 0 L-2W 11 *", 2026, 11) == [27, 30]


def test_a_sunday_that_ends_the_month_fires_on_the_friday_before_it() -> None:
    assert days_of("0 0 31W 1 *", 2027, 1) == [29]


def test_as_many_as_30_days_before_the_last_day_can_be_counted() -> None:
    assert days_of("0 0 L-30 1 *", 2027, 1) == [1]
    with pytest.raises(CronError):
        read("0 0 L-31 1 *")


def test_a_31st_that_a_month_does_not_have_fires_on_friday_the_30th() -> None:
    assert days_of("0 0 31W 4 *", 2027, 4) == [30]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("0 9 * * 1", "0 9 * * MON"),
        ("0 9 * * 1-5", "0 9 * * MON-FRI"),
        ("0 9 * * 0,6", "0 9 * * SUN,SAT"),
        ("0 9 * * 5-7", "0 9 * * SUN,FRI,SAT"),
        ("*/15 */6 * * *", "*/15 */6 * * *"),
        ("*/25 */5 * * *", "0,25,50 0,5,10,15,20 * * *"),
        ("0 0 */2 * *", f"0 0 {','.join(map(str, range(1, 32, 2)))} * *"),
        ("0 0 1 */3 *", "0 0 1 1,4,7,10 *"),
        ("0 0 1,15 * 1", "0 0 1,15 * MON"),
        ("0 0 */1 * 1", "0 0 * * MON"),
        ("0 0 1-31 * 1", "0 0 * * *"),
        ("@weekly", "0 0 * * SUN"),
    ],
)
def test_our_expression_is_written_in_their_numbers(ours: str, theirs: str) -> None:
    assert write(parse(ours)) == theirs


@pytest.mark.parametrize(
    ("times", "reason"),
    [
        ("0 0 */2 * 1", "a day of month and a day of week that must both match"),
        ("3d from 2026-01-01T00:00", "an interval of several days"),
    ],
)
def test_what_cloudflare_cannot_say_is_refused_with_the_reason(times: str, reason: str) -> None:
    with pytest.raises(CronError, match=reason):
        write(parse_times(times)[0])


@given(expressions)
def test_what_is_written_fires_when_the_schedule_is_due(text: str) -> None:
    try:
        trigger = read(write(parse(text)))
    except CronError:
        assert parse(text).both_days
        return
    ours = Timetable((parse(text),), "UTC")
    at: int | None = START
    for _ in range(25):
        assert at is not None
        due = ours.next(at)
        assert trigger.next(at) == due
        at = due


@given(expressions)
def test_what_is_written_uses_only_forms_without_dispute(text: str) -> None:
    try:
        words = write(parse(text)).split(" ")
    except CronError:
        return
    assert all(word == "*" or not word.startswith("*") for word in words[2:])
    assert not words[4].translate(str.maketrans("", "", "*,-")) or words[4].isupper()


def test_a_trigger_that_is_read_back_in_other_words_is_the_same() -> None:
    assert read("0 9 * * MON-FRI") == read("0 9 * * 2-6") == read("00\t09 * JAN-DEC mon,3,4,5,6")
    assert read("0 9 * * *") == read("0 9 1-31 * *") == read("0 9 7 * 1-7")
    assert read("0 9 * * 1") != read("0 9 * * MON")


def test_a_date_that_no_year_has_never_fires() -> None:
    assert read("0 0 31 2 *").next(minute(datetime(2026, 1, 1, tzinfo=UTC))) is None
