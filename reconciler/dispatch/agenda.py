"""Which records of a generation can be due in a span of time, found without asking each of them.

Records with the same times are asked once, and a day's answer is kept: in a warm container a wake
costs a shift and a mask per distinct timetable.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from reconciler.cron import Timetable

if TYPE_CHECKING:
    from reconciler.dispatch.cursor import Horizon
    from reconciler.dispatch.generation import Record

MINUTES_PER_DAY: Final = 1440
DAYS_KEPT: Final = 3
DAYS_MASKED: Final = 2
"""Longer spans are walked through, time by time."""


@dataclass(frozen=True, slots=True)
class _Group:
    timetable: Timetable
    records: list[Record]


@dataclass(slots=True)
class Agenda:
    """The records of one generation by their times."""

    groups: Sequence[_Group]
    tasks: Sequence[Record]
    days: dict[int, Sequence[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, records: Iterable[Record]) -> Agenda:
        """Group records."""
        groups: dict[tuple[tuple[str, ...], str], _Group] = {}
        tasks = []
        for record in records:
            key = (record.when, record.timezone)
            group = groups.get(key)
            if group is not None:
                group.records.append(record)
                continue
            timetable = record.timetable()
            if timetable is None:
                tasks.append(record)
            else:
                groups[key] = _Group(timetable, [record])
        return cls(tuple(groups.values()), tuple(tasks))

    def candidates(self, horizon: Horizon, now: int) -> Iterator[Record]:
        """The records that may have an occurrence after their horizon and up to ``now``."""
        yield from self.tasks
        since = horizon.since
        if horizon.fresh is not None:
            anchors = (record.anchor for group in self.groups for record in group.records)
            since = min((since, *(anchor for anchor in anchors if anchor > horizon.fresh)))
        for group in self._with_times(since, now):
            yield from group.records

    def _with_times(self, since: int, now: int) -> Iterator[_Group]:
        first, last = (since + 1) // MINUTES_PER_DAY, now // MINUTES_PER_DAY
        if last - first >= DAYS_MASKED:
            for group in self.groups:
                if next(group.timetable.between(since, now), None) is not None:
                    yield group
            return
        begin = since + 1 - first * MINUTES_PER_DAY
        span = (1 << max(0, now - since)) - 1
        for day in range(first, last + 1):
            # The minutes of this day that are in the span, the later day without the earlier one's.
            mask = span << begin >> (day - first) * MINUTES_PER_DAY
            mask &= (1 << MINUTES_PER_DAY) - 1
            earlier = self._day(first) if day > first else None
            for index, minutes in enumerate(self._day(day)):
                if minutes & mask and not (earlier and earlier[index] >> begin):
                    yield self.groups[index]

    def _day(self, day: int) -> Sequence[int]:
        found = self.days.get(day)
        if found is None:
            if len(self.days) >= DAYS_KEPT:
                self.days.clear()
            found = [group.timetable.minutes_of_day(day) for group in self.groups]
            self.days[day] = found
        return found
