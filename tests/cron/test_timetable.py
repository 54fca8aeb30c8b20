"""Occurrences in an interval, forward, backward, by day and by minute: one truth, five views."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.cron import Timetable, ZoneError, parse
from tests.cron.strategies import START, expressions, instants, timetables, zones
from tests.cron.times import at, timetable

DAY = 1440


def test_an_interval_leaves_out_its_start_and_has_its_end() -> None:
    six = at("2026-11-20T06:00Z")
    daily = timetable("0 6 * * *")
    assert list(daily.between(six - 1, six)) == [six]
    assert list(daily.between(six, six + DAY)) == [six + DAY]
    assert list(daily.between(six, six + DAY - 1)) == []


@pytest.mark.parametrize("until", [START, START - 1, START - DAY])
def test_an_empty_interval_has_no_occurrences(until: int) -> None:
    assert list(timetable("* * * * *").between(START, until)) == []


def test_next_is_later_and_previous_is_not_later() -> None:
    six = at("2026-11-20T06:00Z")
    daily = timetable("0 6 * * *")
    assert daily.next(six) == six + DAY
    assert daily.next(six - 1) == six
    assert daily.previous(six) == six
    assert daily.previous(six - 1) == six - DAY


def test_an_instant_of_several_expressions_occurs_once() -> None:
    both = Timetable((parse("0 */6 * * *"), parse("0 */12 * * *")), "UTC")
    assert list(both.between(START - 1, START + DAY - 1)) == [START + 360 * n for n in range(4)]


def test_day_of_month_or_day_of_week() -> None:
    either = timetable("0 0 13 * FRI")
    found = list(either.between(at("2026-11-01T00:00Z"), at("2026-11-21T00:00Z")))
    assert found == [at(f"2026-11-{day:02}T00:00Z") for day in (6, 13, 20)]


def test_day_of_month_and_day_of_week() -> None:
    both = timetable("0 0 */2 * FRI")
    found = list(both.between(at("2026-11-01T00:00Z"), at("2026-11-30T00:00Z")))
    assert found == [at("2026-11-13T00:00Z"), at("2026-11-27T00:00Z")]


@pytest.mark.parametrize(
    ("after", "following"),
    [
        ("1996-02-29T00:00Z", "2000-02-29T00:00Z"),
        ("2028-02-29T00:00Z", "2032-02-29T00:00Z"),
        ("2096-02-29T00:00Z", "2104-02-29T00:00Z"),
        ("2396-02-29T00:00Z", "2400-02-29T00:00Z"),
    ],
)
def test_leap_days_are_found_also_over_centuries(after: str, following: str) -> None:
    leap_day = timetable("0 0 29 2 *")
    assert leap_day.next(at(after)) == at(following)
    assert leap_day.previous(at(following) - 1) == at(after)


@pytest.mark.parametrize(
    "day_fields", ["1,2,31 * *", "29 2 *", "* * 0", "13 * */5", "1 1 1-6", "31 12 *", "1-31 6 *"]
)
def test_a_search_for_days_finds_each_that_matches_and_no_other(day_fields: str) -> None:
    dates = parse(f"0 0 {day_fields}").dates
    first, last = (at(f"{year}-01-01T00:00Z") // DAY for year in (1972, 2072))
    matching = [day for day in range(first, last) if day in dates]
    for earlier, later in itertools.pairwise(matching):
        assert dates.at_or_after(earlier) == dates.at_or_before(later - 1) == earlier
        assert dates.at_or_after(earlier + 1) == dates.at_or_before(later) == later


def test_the_longest_wait_is_the_forty_years_between_leap_days_on_a_weekday() -> None:
    sunday = timetable("0 0 29 2 */7")
    assert sunday.next(at("2088-02-29T00:00Z")) == at("2128-02-29T00:00Z")
    assert sunday.previous(at("2128-02-28T00:00Z")) == at("2088-02-29T00:00Z")


def test_a_search_ends_when_the_clock_never_shows_the_time() -> None:
    # When 8 March is a Sunday, New York skips 02:00 to 03:00; a wildcard does not make up for it.
    skipped = timetable("*/30 2 8 3 */7", "America/New_York")
    assert skipped.next(at("2026-01-01T00:00Z")) is None
    assert skipped.previous(at("2062-01-01T00:00Z")) is None, "the rule is of 2007"
    assert list(skipped.between(at("2026-01-01T00:00Z"), at("2046-01-01T00:00Z"))) == []


def test_a_day_is_a_bit_set_of_its_utc_minutes() -> None:
    day = START // DAY
    assert timetable("0 0 * * *").minutes_of_day(day) == 1
    assert timetable("30 23 * * *").minutes_of_day(day) == 1 << 1410
    assert timetable("0 0 * * *", "Asia/Kathmandu").minutes_of_day(day) == 1 << 1440 - 345
    assert timetable("* * * * *", "Asia/Tokyo").minutes_of_day(day) == (1 << 1440) - 1


@given(timetables, instants, st.integers(0, 400 * DAY))
def test_the_interval_is_what_next_steps_through(times: Timetable, after: int, length: int) -> None:
    expected = list(itertools.islice(times.between(after, after + length), 200))
    found: list[int] = []
    at_ = times.next(after)
    while at_ is not None and at_ <= after + length and len(found) < 200:
        found.append(at_)
        at_ = times.next(at_)
    assert found == expected


@given(timetables, instants)
def test_backward_is_the_mirror_of_forward(times: Timetable, start: int) -> None:
    forward = []
    after: int | None = start
    for _ in range(20):
        assert after is not None
        after = times.next(after)
        if after is None:
            break
        forward.append(after)
    backward = []
    until = forward[-1] if forward else start
    while until > start:
        found = times.previous(until)
        if found is None or found <= start:
            break
        backward.append(found)
        until = found - 1
    assert backward == forward[::-1]


@given(st.lists(expressions, min_size=2, max_size=3), zones, instants)
def test_backward_from_an_instant_is_the_latest_that_any_of_the_expressions_has(
    texts: list[str], zone: str, until: int
) -> None:
    parsed = tuple(parse(text) for text in texts)
    each = [Timetable((one,), zone).previous(until) for one in parsed]
    latest = max((found for found in each if found is not None), default=None)
    assert Timetable(parsed, zone).previous(until) == latest


@given(timetables, instants)
def test_a_minute_matches_when_it_is_next_after_the_one_before(times: Timetable, now: int) -> None:
    assert times.matches(now) == (times.next(now - 1) == now)
    following = times.next(now)
    assert following is None or times.matches(following)


@given(timetables, instants)
def test_the_bits_of_a_day_are_its_occurrences(times: Timetable, now: int) -> None:
    day = now // DAY
    bits = times.minutes_of_day(day)
    found = times.between(day * DAY - 1, day * DAY + DAY - 1)
    assert [bit for bit in range(DAY) if bits >> bit & 1] == [at_ - day * DAY for at_ in found]


def test_equal_timetables_are_equal_values() -> None:
    assert timetable("0 6 * * *", "Asia/Tokyo") == timetable("0 6 * * *", "Asia/Tokyo")
    assert len({timetable("0 6 * * *"), timetable("0 6 * * *", "Asia/Tokyo")}) == 2


def test_an_unknown_zone_is_refused_when_made() -> None:
    with pytest.raises(ZoneError):
        timetable("0 6 * * *", "Mars/Olympus")


def test_a_timetable_has_expressions() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Timetable((), "UTC")
