"""A time zone as integers: its UTC offset on every UTC day, and its transitions.

A zone's rules answer for one instant at a time; cron asks about whole days of many schedules in the
same few zones. So the rules are asked once for the end of each UTC day that is looked at,
transitions are bisected where two days differ, and the answers are shared. A wake looks at a day or
two and pays for these alone. Two transitions within one UTC day that cancel each other would go
unseen; no zone has had such a day.

Offsets are whole minutes, as all have been since 1972; earlier ones are rounded down.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from reconciler.cron.clock import EPOCH_ORDINAL, MINUTES_PER_DAY, WHOLE_DAY, first_day
from reconciler.cron.zone_files import tzinfo_named

_MINUTE = timedelta(minutes=1)
_DAYS_PER_MONTH = 31
"""Intervals shorter than this are looked at day by day, longer ones by years, which are kept."""


class Transition(NamedTuple):
    """A change of a zone's UTC offset.

    Attributes:
        minute: the first epoch minute of the new offset.
        before, after: the offsets in minutes east of UTC.
    """

    minute: int
    before: int
    after: int

    @property
    def skips(self) -> int:
        """How many local minutes the clock jumps over; 0 when it goes back."""
        return max(self.after - self.before, 0)

    @property
    def repeats(self) -> int:
        """How many local minutes come a second time; 0 when the clock goes forward."""
        return max(self.before - self.after, 0)


class ChangedDay(NamedTuple):
    """A UTC day that a transition touches. Minutes count from the start of the day.

    Attributes:
        spans: (start, end, offset) of each stretch of constant offset.
        skipped: the transitions of this day at which the clock jumps forward.
        repeated: bit set of the minutes whose local time has been before.
    """

    spans: tuple[tuple[int, int, int], ...]
    skipped: tuple[Transition, ...]
    repeated: int


class Stretch(NamedTuple):
    """Epoch minutes in which the local clock runs as if there were no changes.

    No local time among them has been before, and none has been skipped right before them.

    Attributes:
        start, end: the half-open interval of epoch minutes.
        offset: minutes east of UTC.
    """

    start: int
    end: int
    offset: int


class Zone:
    """One IANA time zone. Use `zone_named`, which shares them."""

    __slots__ = ("_closing", "_days", "_latest", "_of_day", "_of_years", "_tzinfo", "name")

    def __init__(self, name: str, rules: tzinfo) -> None:
        self.name = name
        self._tzinfo = rules
        self._days: dict[int, int | ChangedDay] = {}
        self._closing: dict[int, int] = {}
        self._of_day: dict[int, Transition | None] = {}
        self._of_years: dict[int, tuple[Transition, ...]] = {}
        self._latest = _EVER if rules is UTC else Stretch(0, 0, 0)

    def day(self, day: int) -> int | ChangedDay:
        """Return the offset of a UTC day in minutes, or its parts if a transition touches it."""
        known = self._days.get(day)
        if known is None:
            known = self._days[day] = self._look_at(day)
        return known

    def offset(self, minute: int) -> int:
        """Return the offset in force at an epoch minute, in minutes east of UTC."""
        offset = datetime.fromtimestamp(minute * 60, self._tzinfo).utcoffset()
        assert offset is not None
        return offset // _MINUTE

    def stretch(self, minute: int) -> Stretch | None:
        """Return the stretch around an epoch minute; None at a change and while time is repeated.

        It ends at the next change or earlier: away from UTC, it does not go beyond the year.
        """
        latest = self._latest
        if latest.start <= minute < latest.end:
            return latest
        year = date.fromordinal(minute // MINUTES_PER_DAY + EPOCH_ORDINAL).year
        start, end = (first_day(y) * MINUTES_PER_DAY for y in (year, year + 1))
        for transition in (*self._of_year(year - 1), *self._of_year(year)):
            if transition.minute > minute:
                end = transition.minute
                break
            start = max(start, transition.minute + max(transition.repeats, 1))
        if minute < start:
            return None
        self._latest = Stretch(start, end, self.offset(minute))
        return self._latest

    def transitions(self, after: int, until: int) -> tuple[Transition, ...]:
        """Return the transitions in the half-open interval (after, until] of epoch minutes."""
        first, last = (minute // MINUTES_PER_DAY for minute in (after + 1, until))
        found: Iterable[Transition]
        if last - first < _DAYS_PER_MONTH:
            found = self._of_days(range(first, last + 1))
        else:
            begin, end = (date.fromordinal(day + EPOCH_ORDINAL).year for day in (first, last))
            found = (change for year in range(begin, end + 1) for change in self._of_year(year))
        return tuple(change for change in found if after < change.minute <= until)

    def _of_year(self, year: int) -> tuple[Transition, ...]:
        known = self._of_years.get(year)
        if known is None:
            known = self._of_years[year] = tuple(self._of_whole_year(year))
        return known

    def _of_whole_year(self, year: int) -> Iterator[Transition]:
        """Compare the offset at the end of each day with that of the day before, all in one go."""
        days = range(first_day(year), first_day(year + 1))
        last = range(days.start * MINUTES_PER_DAY - 1, days.stop * MINUTES_PER_DAY, MINUTES_PER_DAY)
        for day, (before, after) in zip(days, pairwise(map(self.offset, last)), strict=True):
            if before != after:
                yield Transition(self._bisect(day * MINUTES_PER_DAY - 1, before), before, after)

    def _of_days(self, days: Iterable[int]) -> Iterator[Transition]:
        for day in days:
            if day not in self._of_day:
                self._of_day[day] = self._find(day)
            found = self._of_day[day]
            if found is not None:
                yield found

    def _find(self, day: int) -> Transition | None:
        before, after = self._closing_offset(day - 1), self._closing_offset(day)
        if before == after:
            return None
        return Transition(self._bisect(day * MINUTES_PER_DAY - 1, before), before, after)

    def _closing_offset(self, day: int) -> int:
        """Return the offset in the last minute of a UTC day."""
        known = self._closing.get(day)
        if known is None:
            known = self._closing[day] = self.offset((day + 1) * MINUTES_PER_DAY - 1)
        return known

    def _bisect(self, start: int, before: int) -> int:
        low, high = start, start + MINUTES_PER_DAY
        while high - low > 1:
            middle = (low + high) // 2
            if self.offset(middle) == before:
                low = middle
            else:
                high = middle
        return high

    def _look_at(self, day: int) -> int | ChangedDay:
        """Say whether a transition touches a day, also by the stretch that it repeats.

        A repeated stretch may reach into the day after the transition; none is longer than a day.
        """
        for change in self._of_days((day - 1, day)):
            if (change.minute + change.repeats) // MINUTES_PER_DAY >= day:
                return self._changed(day)
        return self._closing_offset(day)

    def _changed(self, day: int) -> ChangedDay:
        start = day * MINUTES_PER_DAY
        end = start + MINUTES_PER_DAY
        near = self.transitions(start - MINUTES_PER_DAY, end - 1)
        offset = self.offset(start)
        edge = start
        spans = []
        repeated = 0
        for transition in near:
            if transition.minute > start:
                spans.append((edge - start, transition.minute - start, offset))
                edge, offset = transition.minute, transition.after
            stretch = (1 << transition.repeats) - 1
            since = transition.minute - start
            repeated |= stretch << since if since >= 0 else stretch >> -since
        spans.append((edge - start, MINUTES_PER_DAY, offset))
        return ChangedDay(
            spans=tuple(spans),
            skipped=tuple(t for t in near if t.skips and t.minute >= start),
            repeated=repeated & WHOLE_DAY,
        )


class RecordedZone(Zone):
    """A zone as it was once known: its offsets, whatever is known of the name today.

    Args:
        offsets: epoch minutes and the offsets, in minutes east of UTC, that begin at them;
            ascending, at least one. The first also holds before.
    """

    __slots__ = ("_begins", "_offsets")

    def __init__(self, name: str, offsets: Sequence[tuple[int, int]]) -> None:
        self._begins = [at for at, _ in offsets]
        self._offsets = [offset for _, offset in offsets]
        super().__init__(name, timezone(timedelta(minutes=self._offsets[0])))
        self._latest = Stretch(0, 0, 0)

    def offset(self, minute: int) -> int:
        """Return the offset that was known to be in force at an epoch minute."""
        return self._offsets[max(bisect_right(self._begins, minute) - 1, 0)]


@lru_cache(maxsize=1024)
def zone_named(name: str) -> Zone:
    """Return the zone of that IANA name, always the same object.

    Raises:
        ZoneError: there is none.
        TzdataError: the rules of time zones are not installed, or damaged.
    """
    return Zone(name, tzinfo_named(name))


_EVER = Stretch(-(1 << 62), 1 << 62, 0)
