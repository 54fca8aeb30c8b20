"""The times of a schedule: the union of expressions in one time zone.

The primitive is the bit set of a UTC day's minutes that are occurrences: membership, intervals and
the search backward follow from it. The search forward, which is the busiest, uses it at changes of
the zone's offset only, and local arithmetic between them. The rules at changes are Debian cron's:

* Expressions with a wildcard minute or hour follow the wall clock: a minute is an occurrence when
  the local clock shows a matching time, be it for the second time; what is skipped does not run.
* The others run once for every local time: skipped ones at the first minute after the change,
  together with each other; repeated ones the first time only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from reconciler.cron.clock import MINUTES_PER_DAY, WHOLE_DAY
from reconciler.cron.days import SEARCH_YEARS, DaySet
from reconciler.cron.expression import Expression
from reconciler.cron.local import local_minutes
from reconciler.cron.text import members
from reconciler.cron.zone import ChangedDay, Zone, zone_named

_SEARCH_DAYS = SEARCH_YEARS * 366
_SEARCH_MINUTES = _SEARCH_DAYS * MINUTES_PER_DAY
_YEAR = 366
_DAYS_ASKED = 3
"""Days that are asked one by one: only beyond them a search pays off. A wake looks at fewer."""


class _Part(NamedTuple):
    """The expressions of a timetable that share their days and their rule at clock changes.

    Attributes:
        dates: the matching days.
        times: the matching minutes of such a day, bit 0 being 00:00.
        first: the first of these minutes.
        wildcard: whether they follow the wall clock at a change.
    """

    dates: DaySet
    times: int
    first: int
    wildcard: bool

    def local(self, start: int, count: int) -> int:
        """Return which of `count` local minutes from `start` match, bit 0 being `start`."""
        return local_minutes(self.dates, self.times, start, count)

    def on_changed_day(self, day: int, changed: ChangedDay) -> int:
        """Return the occurrences of a UTC day on which the zone's offset changes."""
        midnight = day * MINUTES_PER_DAY
        matching = 0
        for start, end, offset in changed.spans:
            matching |= self.local(midnight + start + offset, end - start) << start
        if self.wildcard:
            return matching
        matching &= ~changed.repeated
        for transition in changed.skipped:
            if self.local(transition.minute + transition.before, transition.skips):
                matching |= 1 << (transition.minute - midnight)
        return matching


@dataclass(frozen=True, slots=True)
class Timetable:
    """The occurrences of a union of expressions, read in one IANA time zone.

    All instants are epoch minutes (see `reconciler.cron.clock`), from 1972 to 9900. A search gives
    up after `SEARCH_YEARS`. Whatever `parse` accepts occurs within these, but for a wildcard whose
    only times are ones that the zone's clock skips.

    Raises:
        ZoneError: there is no such zone.
        ValueError: there are no expressions.
    """

    expressions: tuple[Expression, ...]
    zone: str
    _zone: Zone = field(init=False, repr=False, compare=False)
    _parts: tuple[_Part, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.expressions:
            raise ValueError("a timetable needs at least one expression")
        object.__setattr__(self, "_zone", zone_named(self.zone))
        object.__setattr__(self, "_parts", _parts(self.expressions))

    @classmethod
    def by_clock(cls, expressions: tuple[Expression, ...], clock: Zone) -> Timetable:
        """Return a timetable by a clock that is not what the zone of its name has today.

        It equals one by today's clock, and so must not be a key.
        """
        timetable = cls(expressions, "UTC")
        object.__setattr__(timetable, "zone", clock.name)
        object.__setattr__(timetable, "_zone", clock)
        return timetable

    def minutes_of_day(self, day: int) -> int:
        """Return the occurrences of a UTC day (epoch day), bit i standing for its minute i."""
        local = self._zone.day(day)
        if isinstance(local, ChangedDay):
            minutes = 0
            for part in self._parts:
                minutes |= part.on_changed_day(day, local)
            return minutes
        first, skipped = divmod(day * MINUTES_PER_DAY + local, MINUTES_PER_DAY)
        minutes = 0
        for part in self._parts:
            if first in part.dates:
                minutes |= part.times >> skipped
            if skipped and first + 1 in part.dates:
                minutes |= part.times << (MINUTES_PER_DAY - skipped) & WHOLE_DAY
        return minutes

    def matches(self, minute: int) -> bool:
        """Whether this epoch minute is an occurrence."""
        day, at = divmod(minute, MINUTES_PER_DAY)
        return bool(self.minutes_of_day(day) >> at & 1)

    def next(self, after: int) -> int | None:
        """Return the first occurrence later than `after`; None when SEARCH_YEARS hold none."""
        at = after + 1
        while at <= after + _SEARCH_MINUTES:
            stretch = self._zone.stretch(at)
            if stretch is None:  # at a change: only the day as a whole has the answer
                day, minute = divmod(at, MINUTES_PER_DAY)
                minutes = self.minutes_of_day(day) >> minute
                if minutes:
                    return at + (minutes & -minutes).bit_length() - 1
                at = (day + 1) * MINUTES_PER_DAY
                continue
            local = self._next_on_local_clock(at + stretch.offset)
            if local is None:
                return None
            if local - stretch.offset < stretch.end:
                return local - stretch.offset
            at = stretch.end
        return None

    def previous(self, until: int) -> int | None:
        """Return the last occurrence not later than `until`; None when SEARCH_YEARS hold none."""
        start, at = divmod(until, MINUTES_PER_DAY)
        minutes = self.minutes_of_day(start) & ((2 << at) - 1)
        day: int | None = start
        while day is not None and start - day <= _SEARCH_DAYS:
            if minutes:
                return day * MINUTES_PER_DAY + minutes.bit_length() - 1
            day = self._day_before(day)
            minutes = self.minutes_of_day(day) if day is not None else 0
        return None

    def between(self, after: int, until: int) -> Iterator[int]:
        """Yield the occurrences in the half-open interval (after, until], ascending."""
        first, at = divmod(after + 1, MINUTES_PER_DAY)
        last, end = divmod(until, MINUTES_PER_DAY)
        day: int | None = first
        while day is not None and day <= last:
            minutes = self.minutes_of_day(day)
            if day == first:
                minutes = minutes >> at << at
            if day == last:
                minutes &= (2 << end) - 1
            midnight = day * MINUTES_PER_DAY
            for minute in _members(minutes):
                yield midnight + minute
            day = day + 1 if last - day <= _DAYS_ASKED else self._day_after(day)

    def most_per_day(self, day: int) -> int:
        """Return the most occurrences of a local day in the year from the epoch day `day` on.

        Changes of the zone's offset are left out.
        """
        if len(self._parts) == 1:
            return self._parts[0].times.bit_count()
        return max(self._on_local_day(each).bit_count() for each in range(day, day + _YEAR))

    def smallest_gap(self, day: int) -> int | None:
        """Return the fewest minutes between occurrences in the year from the epoch day `day` on.

        Changes of the zone's offset are left out. None when it does not occur twice.
        """
        if len(self._parts) == 1:
            (part,) = self._parts
            times = _members(part.times)
            apart = _nearest_days(part.dates, day)
            overnight = () if apart is None else (apart * MINUTES_PER_DAY + times[0] - times[-1],)
            return min((*_steps(part.times), *overnight), default=None)
        smallest = last = None
        at = self._local_day_from(day)
        while at is not None and at < day + _YEAR:
            minutes = self._on_local_day(at)
            times = _members(minutes)
            overnight = () if last is None else (at * MINUTES_PER_DAY + times[0] - last,)
            gaps = (*_steps(minutes), *overnight, *(() if smallest is None else (smallest,)))
            smallest = min(gaps, default=None)
            last = at * MINUTES_PER_DAY + times[-1]
            at = self._local_day_from(at + 1)
        return smallest

    def _on_local_day(self, day: int) -> int:
        minutes = 0
        for part in self._parts:
            if day in part.dates:
                minutes |= part.times
        return minutes

    def _local_day_from(self, day: int) -> int | None:
        found = (part.dates.at_or_after(day) for part in self._parts)
        return min((one for one in found if one is not None), default=None)

    def _next_on_local_clock(self, start: int) -> int | None:
        """Return the first matching local minute from `start` on, as if no change lay ahead."""
        day, at = divmod(start, MINUTES_PER_DAY)
        first = None
        for part in self._parts:
            minutes = part.times >> at if day in part.dates else 0
            if minutes:
                found = start + (minutes & -minutes).bit_length() - 1
            else:
                following = part.dates.at_or_after(day + 1)
                if following is None:
                    continue
                found = following * MINUTES_PER_DAY + part.first
            if first is None or found < first:
                first = found
        return first

    def _day_after(self, day: int) -> int | None:
        """Return the first UTC day after `day` that may have occurrences.

        A local day touches the UTC day before it, its own and the one after it, no others: offsets
        are less than a day, and so is what a zone has ever skipped or repeated, but for a day
        skipped whole, whose occurrences move to its end.
        """
        following = (part.dates.at_or_after(day) for part in self._parts)
        first = min((local for local in following if local is not None), default=None)
        return None if first is None else max(day + 1, first - 1)

    def _day_before(self, day: int) -> int | None:
        """Return the last UTC day before `day` that may have occurrences."""
        preceding = (part.dates.at_or_before(day) for part in self._parts)
        last = max((local for local in preceding if local is not None), default=None)
        return None if last is None else min(day - 1, last + 1)


@lru_cache(maxsize=4096)
def _parts(expressions: tuple[Expression, ...]) -> tuple[_Part, ...]:
    times: dict[tuple[DaySet, bool], int] = {}
    for expression in expressions:
        key = (expression.dates, expression.wildcard)
        times[key] = times.get(key, 0) | expression.times
    return tuple(
        _Part(dates, minutes, (minutes & -minutes).bit_length() - 1, wildcard)
        for (dates, wildcard), minutes in times.items()
    )


@lru_cache(maxsize=1024)
def _steps(minutes: int) -> tuple[int, ...]:
    """Return the smallest step between the minutes of a day, if there is one."""
    steps = [after - before for before, after in pairwise(_members(minutes))]
    return (min(steps),) if steps else ()


@lru_cache(maxsize=1024)
def _nearest_days(dates: DaySet, day: int) -> int | None:
    """Return the fewest days between two of these in the year from `day` on."""
    nearest = None
    last = dates.at_or_after(day)
    while last is not None:
        at = dates.at_or_after(last + 1)
        if at is None or at >= day + _YEAR:
            return nearest
        nearest = at - last if nearest is None else min(nearest, at - last)
        if nearest == 1:
            return nearest
        last = at
    return nearest


@lru_cache(maxsize=512)
def _members(minutes: int) -> tuple[int, ...]:
    """Most days of a schedule have the same minutes: taking the bits apart once is enough."""
    return members(minutes)
