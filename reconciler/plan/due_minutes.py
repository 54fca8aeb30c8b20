"""In which minutes something is due, as data that a clock without rules can look up.

A Worker on Cloudflare is woken every minute and must not parse expressions or know zones, so it
gets the due minutes themselves, in UTC. Equal days share one text: most schedules repeat daily.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.cron import Timetable
from reconciler.cron.clock import MINUTES_PER_DAY, WHOLE_DAY
from reconciler.pack.slots import merged_by_zone

DAYS_AHEAD = 400
"""How many days the data covers."""


@dataclass(frozen=True, slots=True)
class DueMinutes:
    """The due minutes of consecutive days, in UTC.

    Attributes:
        first: the epoch day of the first.
        days: of each day, the place of its minutes.
        minutes: base64 of 1,440 bits each, the first bit being 00:00; one character is six minutes.
    """

    first: int
    days: tuple[int, ...]
    minutes: tuple[str, ...]

    @property
    def end(self) -> int:
        """The epoch day behind the last."""
        return self.first + len(self.days)


def due_minutes(
    timetables: Iterable[Timetable],
    first: int,
    *,
    days: int = DAYS_AHEAD,
    resolution: int | None = None,
) -> DueMinutes:
    """Return the minutes in which at least one timetable has an occurrence.

    Args:
        first: the epoch day of the first day.
        resolution: minutes from one look for run-time tasks to the next, aligned to midnight UTC.
    """
    merged = merged_by_zone(timetables)
    looks = 0
    if resolution is not None:
        looks = sum(1 << minute for minute in range(0, MINUTES_PER_DAY, resolution))
    places: dict[int, int] = {}
    of_days = []
    for day in range(first, first + days):
        due = looks
        for timetable in merged:
            due |= timetable.minutes_of_day(day)
            if due == WHOLE_DAY:
                break
        of_days.append(places.setdefault(due, len(places)))
    return DueMinutes(first, tuple(of_days), tuple(map(_text, places)))


def _text(minutes: int) -> str:
    """Bits as base64, the lowest bit first."""
    first_is_highest = int(f"{minutes:0{MINUTES_PER_DAY}b}"[::-1], 2)
    return b64encode(first_is_highest.to_bytes(MINUTES_PER_DAY // 8, "big")).decode()
