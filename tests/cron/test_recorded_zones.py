"""Clock changes of any size at any minute, against a reading of the rules one minute at a time.

The tz database has the changes that governments made. A zone of our own has those that they may
make: over midnight of UTC, by odd minutes, by a whole day.
"""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.cron import Expression, Timetable, Transition, instant, parse
from reconciler.cron.windows import local_windows
from reconciler.cron.zone import RecordedZone
from tests.cron.strategies import START

DAY = 1440
OFFSETS = (-720, -300, -60, 0, 17, 60, 345, 720)
STEPS = (-1440, -120, -60, -30, -17, 17, 30, 60, 120, 1440)
MINUTES = (0, 1, 29, 60, 719, 720, 1379, 1380, 1410, 1439)

fields = st.tuples(
    st.sampled_from(("*", "*/15", "0", "30", "0,59", "17")),
    st.sampled_from(("*", "*/6", "0", "23", "1,2", "0,12,23")),
    st.sampled_from(("*", "*", "1", "1,15", "31")),
    st.just("*"),
    st.sampled_from(("*", "*", "*", "0", "1-5")),
).map(" ".join)


@st.composite
def clocks(draw: st.DrawFn) -> RecordedZone:
    """Up to three changes, two days or more after each other, so that none undoes another."""
    offset, day = draw(st.sampled_from(OFFSETS)), START // DAY - 4
    offsets = [(-DAY, offset)]
    for _ in range(draw(st.integers(1, 3))):
        day += draw(st.integers(3, 6))
        step = draw(st.sampled_from(STEPS))
        offset += step if abs(offset + step) < DAY else -step
        offsets.append((day * DAY + draw(st.sampled_from(MINUTES)), offset))
    return RecordedZone("Test/Recorded", offsets)


def changes(clock: RecordedZone) -> list[Transition]:
    return list(clock.transitions(START - 10 * DAY, START + 40 * DAY))


def matches(expression: Expression, local: int) -> bool:
    """Whether the five fields match a minute of the local clock."""
    shown = instant(local)
    if not (
        expression.minutes >> shown.minute & 1
        and expression.hours >> shown.hour & 1
        and expression.months >> shown.month & 1
    ):
        return False
    of_month = bool(expression.days >> shown.day & 1)
    of_week = bool(expression.weekdays >> shown.isoweekday() % 7 & 1)
    return of_month and of_week if expression.both_days else of_month or of_week


def by_the_rules(expression: Expression, clock: RecordedZone, after: int, until: int) -> list[int]:
    """The occurrences in (after, until], each minute asked by itself."""
    found = []
    before = changes(clock)
    for minute in range(after + 1, until + 1):
        local = minute + clock.offset(minute)
        due = matches(expression, local)
        if not expression.wildcard:
            for change in before:
                if 0 <= minute - change.minute < change.before - change.after:
                    due = False  # the clock shows this time again
                if minute == change.minute and change.after > change.before:
                    skipped = range(minute + change.before, minute + change.after)
                    due |= any(matches(expression, each) for each in skipped)
        if due:
            found.append(minute)
    return found


@given(fields, clocks())
@settings(max_examples=80)
def test_occurrences_around_any_change_are_those_of_the_rules(
    text: str, clock: RecordedZone
) -> None:
    times = Timetable.by_clock((parse(text),), clock)
    first, last = changes(clock)[0].minute, changes(clock)[-1].minute
    after, until = first - 2 * DAY, last + 2 * DAY
    expected = by_the_rules(parse(text), clock, after, until)
    assert list(times.between(after, until)) == expected
    for earlier, later in pairwise(expected):
        assert times.next(earlier) == times.next(later - 1) == later
        assert times.previous(later - 1) == times.previous(earlier) == earlier
    if expected:
        assert times.next(after) == expected[0]
        assert times.previous(until) == expected[-1]


@given(clocks(), st.sampled_from((0, 1, DAY, 29 * DAY, 31 * DAY, 33 * DAY, 400 * DAY)), st.data())
def test_the_changes_of_an_interval_are_those_that_were_recorded(
    clock: RecordedZone, length: int, data: st.DataObject
) -> None:
    every = changes(clock)
    for change in every:
        assert clock.offset(change.minute - 1) == change.before
        assert clock.offset(change.minute) == change.after
        shift = change.after - change.before
        assert (change.skips, change.repeats) == (max(0, shift), max(0, -shift))
    for edge in [change.minute for change in every]:
        after = edge - data.draw(st.sampled_from((-1, 0, 1, length)))
        expected = [one for one in every if after < one.minute <= after + length]
        assert list(clock.transitions(after, after + length)) == expected


@given(clocks(), st.integers(-20, 20), st.sampled_from((0, 1, 59, DAY, 5 * DAY)))
def test_the_windows_of_a_span_are_what_its_clock_shows_and_skips(
    clock: RecordedZone, beside: int, length: int
) -> None:
    for change in changes(clock):
        after = change.minute + beside
        shown = {minute + clock.offset(minute) for minute in range(after + 1, after + length + 1)}
        for one in clock.transitions(after, after + length):
            shown |= set(range(one.minute + one.before, one.minute + one.after))
        windows = local_windows(clock, after, after + length)
        assert all(window.length > 0 for window in windows)
        assert {at for start, count in windows for at in range(start, start + count)} == shown


def test_a_timetable_by_another_clock_bears_its_name() -> None:
    clock = RecordedZone("Asia/Tokyo", [(0, 60)])
    times = Timetable.by_clock((parse("0 6 * * *"),), clock)
    assert (times.zone, times.next(0)) == ("Asia/Tokyo", 300)


@pytest.mark.parametrize(("at", "offset"), [(0, 60), (999, 60), (1000, 60), (1999, 60), (2000, 0)])
def test_the_first_offset_that_was_recorded_holds_before_it_too(at: int, offset: int) -> None:
    assert RecordedZone("Test/Recorded", [(1000, 60), (2000, 0)]).offset(at) == offset
