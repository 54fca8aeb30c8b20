"""A time zone as integers: its UTC offset on every UTC day, and its transitions.

zoneinfo answers for one instant at a time; cron asks about whole days of many schedules in the same
few zones. So each zone's offsets are found once per year, by asking zoneinfo for the start of each
UTC day and bisecting where two days differ, and shared by everyone. Two transitions within one UTC
day that cancel each other would go unseen; no zone has had such a day.

Offsets are whole minutes, as all have been since 1972; earlier ones are rounded down.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

from reconciler.cron.clock import EPOCH_ORDINAL, MINUTES_PER_DAY, WHOLE_DAY

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Transition:
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


@dataclass(frozen=True, slots=True)
class ChangedDay:
    """A UTC day that a transition touches. Minutes count from the start of the day.

    Attributes:
        spans: (start, end, offset) of each stretch of constant offset.
        skipped: the transitions of this day at which the clock jumps forward.
        repeated: bit set of the minutes whose local time has been before.
    """

    spans: tuple[tuple[int, int, int], ...]
    skipped: tuple[Transition, ...]
    repeated: int


@dataclass(frozen=True, slots=True)
class Stretch:
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

    __slots__ = ("_days", "_latest", "_transitions", "_tzinfo", "name")

    def __init__(self, name: str, rules: tzinfo) -> None:
        self.name = name
        self._tzinfo = rules
        self._days: dict[int, int | ChangedDay] = {}
        self._transitions: dict[int, tuple[Transition, ...]] = {}
        self._latest = _EVER if rules is UTC else Stretch(0, 0, 0)

    def day(self, day: int) -> int | ChangedDay:
        """Return the offset of a UTC day in minutes, or its parts if a transition touches it."""
        known = self._days.get(day)
        if known is None:
            self._learn(date.fromordinal(day + EPOCH_ORDINAL).year)
            known = self._days[day]
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
        start, end = (_first_day(y) * MINUTES_PER_DAY for y in (year, year + 1))
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
        first, last = (
            date.fromordinal(m // MINUTES_PER_DAY + EPOCH_ORDINAL).year for m in (after, until)
        )
        return tuple(
            transition
            for year in range(first, last + 1)
            for transition in self._of_year(year)
            if after < transition.minute <= until
        )

    def _of_year(self, year: int) -> tuple[Transition, ...]:
        known = self._transitions.get(year)
        if known is None:
            known = self._transitions[year] = tuple(self._find(year))
        return known

    def _find(self, year: int) -> list[Transition]:
        found = []
        first = _first_day(year) * MINUTES_PER_DAY
        before = self.offset(first - 1)
        for start in range(first - 1, _first_day(year + 1) * MINUTES_PER_DAY - 1, MINUTES_PER_DAY):
            after = self.offset(start + MINUTES_PER_DAY)
            if after != before:
                found.append(Transition(self._bisect(start, before), before, after))
                before = after
        return found

    def _bisect(self, start: int, before: int) -> int:
        low, high = start, start + MINUTES_PER_DAY
        while high - low > 1:
            middle = (low + high) // 2
            if self.offset(middle) == before:
                low = middle
            else:
                high = middle
        return high

    def _learn(self, year: int) -> None:
        """Fill in every day of a year: plain ones with their offset, the others in parts."""
        first, end = _first_day(year), _first_day(year + 1)
        transitions = self._of_year(year)
        offset = self.offset(first * MINUTES_PER_DAY - 1)
        pending = list(transitions)
        for day in range(first, end):
            self._days[day] = offset
            while pending and pending[0].minute // MINUTES_PER_DAY == day:
                offset = pending.pop(0).after
        # A repeated stretch may reach into the day after the transition, also over new year.
        for transition in (*self._of_year(year - 1), *transitions):
            last = (transition.minute + transition.repeats) // MINUTES_PER_DAY
            for day in range(transition.minute // MINUTES_PER_DAY, last + 1):
                if first <= day < end:
                    self._days[day] = self._changed(day)

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


_EVER = Stretch(-(1 << 62), 1 << 62, 0)


def _first_day(year: int) -> int:
    return date(year, 1, 1).toordinal() - EPOCH_ORDINAL
