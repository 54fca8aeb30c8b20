"""A cover misses no time of its members and is written so that every cron reads it alike."""

from __future__ import annotations

import re
from datetime import datetime
from itertools import islice

import pytest
from croniter import croniter
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.cron import Timetable, cover, instant, minute, parse
from reconciler.cron.dates import DateRule, date_rule, merged
from reconciler.cron.fields import MONTH
from reconciler.cron.footprint import footprints
from tests.cron.strategies import START, YEAR, expressions, timetables, zones
from tests.cron.times import at, timetable

groups = st.lists(timetables, min_size=1, max_size=4)


@pytest.mark.parametrize(
    ("times", "zone", "expected"),
    [
        # One expression in UTC is its own cover.
        ("0 6 * * *", "UTC", "0 6 * * *"),
        ("0-59/5 0-23 * JAN-DEC 0-7", "UTC", "*/5 * * * *"),
        ("*/7 */9 * * *", "UTC", "0,7,14,21,28,35,42,49,56 0,9,18 * * *"),
        ("0 0 1,15 * MON", "UTC", "0 0 1,15 * 1"),
        ("0 0 3/9 * *", "UTC", "0 0 3,12,21,30 * *"),
        ("0 0 28-31 2 *", "UTC", "0 0 28,29 2 *"),
        ("0 0 * */3 7", "UTC", "0 0 * 1,4,7,10 0"),
        # Both offsets of a zone, or the one that is in force in the months concerned.
        ("0 6 * * *", "America/New_York", "0 10,11 * * *"),
        ("0 6 * 7 *", "America/New_York", "0 10 * 7 *"),
        ("*/5 * * * *", "Asia/Kolkata", "*/5 * * * *"),
        ("0 9 * * *", "Asia/Kolkata", "30 3 * * *"),
        # Over midnight the day moves along.
        ("30 23 * * MON-FRI", "America/New_York", "30 3,4 * * 2-6"),
        ("0 0 * * MON", "Asia/Tokyo", "0 15 * * 0"),
        ("0 0 15 * *", "Europe/Berlin", "0 22,23 14 * *"),
        ("30 23 31 12 *", "America/New_York", "30 4 1 1 *"),
        ("0 0 1 3 *", "Asia/Tokyo", "0 15 28,29 2 *"),
        ("0 0 1 * *", "Asia/Tokyo", "0 15 28-31 * *"),
        ("0 0 1 1 *", "Asia/Tokyo", "0 15 31 12 *"),
        ("0 0 15 6 *", "Asia/Tokyo", "0 15 14 6 *"),
        ("0 0 15 6 */2", "Asia/Tokyo", "0 15 14 6 *"),
        ("0 0 15 6 MON", "Asia/Tokyo", "0 15 14 5,6 0"),
        ("30 23 30 4 *", "America/New_York", "30 3 1 5 *"),
        ("30 23 28 2 *", "America/New_York", "30 4 1,29 2,3 *"),
        ("30 23 * 2 *", "America/New_York", "30 4 * 2,3 *"),
        # A skipped time runs at the change, 07:00Z; a skipped midnight likewise, at 22:00Z.
        ("30 2 * * *", "America/New_York", "*/30 6,7 * * *"),
        ("30 * * * *", "America/New_York", "30 * * * *"),
        ("30 2 * * MON", "America/New_York", "30 6,7 * * 1"),
        ("0 0 * * *", "Africa/Cairo", "0 21,22 * * *"),
        # Joined by AND, which not every cron can say: the smaller of the two.
        ("0 6 */2 * MON", "UTC", "0 6 * * 1"),
        ("0 6 1 * */2", "UTC", "0 6 1 * *"),
        ("0 6 1-4 * */7", "UTC", "0 6 1-4 * *"),
        ("0 6 1-5 * */7", "UTC", "0 6 * * 0"),
        # croniter 1.4 steps from February over the first days of March: a 29th holds it back.
        ("0 0 1,31 * *", "UTC", "0 0 1,29,31 * *"),
        ("0 0 1,31 3,4 *", "UTC", "0 0 1,31 3,4 *"),
        ("0 0 15,31 * *", "UTC", "0 0 15,31 * *"),
        ("0 0 2,30 * *", "UTC", "0 0 2,29,30 * *"),
        ("0 0 3,31 * *", "UTC", "0 0 3,31 * *"),
        ("0 0 1,28 * *", "UTC", "0 0 1,28 * *"),
        ("0 0 1,31 2,3 *", "UTC", "0 0 1,29,31 2,3 *"),
        ("0 0 1,31 1,2 *", "UTC", "0 0 1,31 1,2 *"),
        # Several expressions.
        ("45m", "UTC", "*/15 * * * *"),
    ],
)
def test_the_cover_of_one_timetable(times: str, zone: str, expected: str) -> None:
    assert cover([timetable(times, zone)], START).text == expected


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        (["0 6 * * *", "0 18 * * *"], "0 6,18 * * *"),
        (["0 6 1 * *", "0 6 * * 1"], "0 6 1 * 1"),
        (["0 6 1 * *", "0 6 * * *"], "0 6 * * *"),
        (["0 6 * * 1-4", "0 6 * * 5-7"], "0 6 * * *"),
        (["0 6 * 1 *", "0 6 * 7 *"], "0 6 * 1,7 *"),
        (["0 6 */2 * MON", "0 6 * * MON"], "0 6 * * 1"),
        (["0 6 */2 * MON", "0 6 2 * *"], "0 6 2 * 1"),
        (["0 6 5 * */2", "0 6 1-10 * *"], "0 6 1-10 * *"),
        # The share of days counts, of those that match already too.
        (["0 6 1-16 * *", "0 6 17-20 * */7"], "0 6 1-16 * 0"),
        (["0 6 * * MON-WED", "0 6 1-4 * */7"], "0 6 1-4 * 1-3"),
        # What the others include already widens nothing.
        (["0 6 1-10 * *", "0 6 5 * */2", "0 6 11-20 * */7"], "0 6 1-10 * 0"),
        (["0 6 * * MON-WED", "0 6 */2 * MON", "0 6 1-2 * */7"], "0 6 1,2 * 1-3"),
    ],
)
def test_the_cover_of_a_group(members: list[str], expected: str) -> None:
    assert cover([timetable(times) for times in members], START).text == expected


def test_offsets_that_begin_later_are_covered_and_those_beyond_are_not() -> None:
    # From 2019 Morocco was at +00:00 in Ramadan only, which reached February in 2026.
    february, start = [timetable("0 6 1 2 *", "Africa/Casablanca")], at("2019-06-01T00:00Z")
    assert cover(february, start, years=3).text == "0 5 1 2 *"
    assert cover(february, start).text == "0 5,6 1 2 *"


@pytest.mark.parametrize(("earlier", "expected"), [(0, "0 3,4 * * *"), (1, "0 3 * * *")])
def test_a_cover_holds_for_ten_years(earlier: int, expected: str) -> None:
    # Almaty was at +06:00 from 2004 to 2024-02-29T18:00Z, and has been at +05:00 since.
    last = at("2024-02-29T18:00Z") - earlier
    assert cover([timetable("0 9 * * *", "Asia/Almaty")], last - 10 * 366 * 1440).text == expected


def test_the_months_of_a_period_end_with_its_last_minute() -> None:
    new_year, start = parse("0 0 1 1 *"), at("2026-12-01T00:00Z")
    assert footprints(new_year, "UTC", start, at("2026-12-31T23:59Z")) == ()
    assert footprints(new_year, "UTC", start, at("2027-01-01T00:00Z")) != ()


def test_merged_rules_are_never_strict_and_have_the_days_of_their_months_alone() -> None:
    strict = date_rule(parse("0 0 1 2 */2"), MONTH.full)
    loose = date_rule(parse("0 0 31 4,2 1"), MONTH.full)
    assert strict.strict
    assert merged([strict]) == DateRule(1 << 2, 1 << 1, 0, strict=False)
    assert merged([loose]) == DateRule(1 << 2 | 1 << 4, 0, 1 << 1, strict=False)


def test_a_cover_needs_members() -> None:
    with pytest.raises(ValueError, match="at least one"):
        cover([], START)


@given(groups, st.integers(0, 3 * YEAR))
@settings(max_examples=60)
def test_a_cover_misses_no_time_of_its_members(group: list[Timetable], later: int) -> None:
    start = START + later
    covering = Timetable((cover(group, start, years=4),), "UTC")
    for day in range(start // 1440 + 1, start // 1440 + 4 * 365):
        needed = 0
        for member in group:
            needed |= member.minutes_of_day(day)
        assert needed & ~covering.minutes_of_day(day) == 0, instant(day * 1440)


@given(groups)
def test_the_order_of_the_members_does_not_matter(group: list[Timetable]) -> None:
    assert cover(group, START).text == cover(group[::-1], START).text


@given(expressions, zones)
def test_a_cover_covers_itself(text: str, zone: str) -> None:
    covering = cover([Timetable((parse(text),), zone)], START)
    assert cover([Timetable((covering,), "UTC")], START).text == covering.text


@given(groups)
def test_only_forms_that_every_cron_reads_alike_are_written(group: list[Timetable]) -> None:
    fields = cover(group, START).text.split()
    number = r"\d+(-\d+)?(,\d+(-\d+)?)*"
    for field, size in zip(fields[:2], (60, 24), strict=True):
        step = re.fullmatch(rf"\*(/(\d+))?|{number}", field)
        assert step is not None
        assert size % int(step[2] or 1) == 0
    assert all(re.fullmatch(rf"\*|{number}", field) for field in fields[2:])


@given(groups, st.integers(0, 3 * YEAR))
def test_croniter_and_cronsim_read_a_cover_alike(group: list[Timetable], later: int) -> None:
    covering = cover(group, START)
    start = instant(START + later)
    ours = list(islice(Timetable((covering,), "UTC").between(START + later, START + 50 * YEAR), 30))
    theirs = croniter(covering.text, start)
    assert [minute(theirs.get_next(datetime)) for _ in ours] == ours
    assert [minute(found) for found in islice(CronSim(covering.text, start), 30)] == ours
