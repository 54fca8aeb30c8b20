"""Which coming occurrences the dates in `exclude` take out, and calendars whose data ends soon."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from reconciler.cron import instant, minute, tzinfo_named
from reconciler.cron.clock import MINUTES_PER_DAY
from reconciler.dispatch.decide.nominal_times import nominal_times
from reconciler.manifest import Schedule
from reconciler.model.schedule_record import ScheduleRecord, excluded_days
from reconciler.plan.foreign import Warned

AHEAD: Final = 365 * MINUTES_PER_DAY
"""Minutes within which occurrences are looked at."""
LISTED: Final = 5
"""Occurrences that are kept; the rest is counted."""
NOTICE: Final = 60
"""Days before its end from which a calendar is warned of."""


@dataclass(frozen=True, slots=True)
class Excluded:
    """The occurrences of the next year that fall on excluded dates.

    Attributes:
        first: epoch minutes of the first ones.
        count: of all.
    """

    first: tuple[int, ...] = ()
    count: int = 0


NOTHING_EXCLUDED: Final = Excluded()


def newly_excluded(old: ScheduleRecord | None, new: ScheduleRecord | None, now: int) -> Excluded:
    """What the dates of a changed record exclude; nothing where they are the same as before."""
    if new is None or (old is not None and old.exclude == new.exclude):
        return NOTHING_EXCLUDED
    first: list[int] = []
    total = 0
    for begin, end in _date_ranges(new, now):
        times = nominal_times(new, begin - 1, end - 1)
        first += times[: LISTED - len(first)]
        total += len(times)
    return Excluded(tuple(first), total)


def _date_ranges(record: ScheduleRecord, now: int) -> Iterator[tuple[int, int]]:
    """The excluded dates of the next year as ranges of minutes that do not overlap."""
    zone = tzinfo_named(record.timezone)
    days = sorted(found for text in record.exclude if (found := excluded_days(text)) is not None)
    through = now + 1
    for first, last in days:
        begin = max(through, minute(datetime.combine(first, time(), zone)))
        end = now + AHEAD + 1
        if last < date.max:
            end = min(end, minute(datetime.combine(last + timedelta(days=1), time(), zone)))
        if begin < end:
            yield begin, end
            through = end


def calendar_warnings(schedules: Iterable[Schedule], now: int) -> Iterator[Warned]:
    """Warn of each calendar whose data ends soon, at the first manifest that has it."""
    today = instant(now).date()
    seen = set()
    for schedule in schedules:
        for calendar in schedule.calendars:
            if calendar.ends is None or calendar.source in seen:
                continue
            seen.add(calendar.source)
            left = (calendar.ends - today).days
            if left <= NOTICE:
                ends = "ended" if left < 0 else "ends"
                yield Warned(
                    f"{calendar.source}: its data {ends} on {calendar.ends}; it excludes nothing "
                    f"after that day, {calendar.renewal}",
                    schedule.location.file,
                    calendar.line,
                )
