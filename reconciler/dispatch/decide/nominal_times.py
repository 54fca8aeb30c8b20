"""Which nominal times of a schedule count, and why one does not. Pure.

``start`` and ``end`` bound what is an occurrence at all. An excluded or suspended occurrence is
skipped: the manifest says that it must not run, and the history says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Final

from reconciler.cron import Timetable, instant, minute, parse, tzinfo_named
from reconciler.model.occurrence import format_minute
from reconciler.model.schedule_record import ScheduleRecord, excluded_days

EXCLUDED_AT_MOST: Final = 50_000
"""Consecutive excluded times after which a search for the next occurrence gives up: more than the
minutes of a month. Of an excluded range of dates the first time alone counts."""
EXCLUDED_FOR: Final = 60 * 366 * 24 * 60
"""Minutes of nothing but excluded times after which it gives up: leap days come on all weekdays."""


def nominal_times(record: ScheduleRecord, since: int, until: int) -> Sequence[int]:
    """The occurrences of a record in the half-open ``(since, until]``, within its bounds."""
    after = max(since, record.anchor, *(() if record.start is None else (record.start - 1,)))
    last = until if record.end is None else min(until, record.end - 1)
    if record.at is not None:
        return (record.at,) if after < record.at <= last else ()
    timetable = record.timetable()
    return tuple(timetable.between(after, last)) if timetable is not None else ()


def times_between(record: ScheduleRecord, first: int, until: int) -> Sequence[int]:
    """The occurrences in the half-open ``[first, until)``, within the record's bounds, also those
    from before its anchor: no wake has started them, and a person may."""
    return nominal_times(replace(record, anchor=first - 1), first - 1, until - 1)


def exclusion(record: ScheduleRecord, at: int) -> str | None:
    """Why this occurrence does not run: the schedule is suspended or its time is excluded."""
    if record.is_suspended(at):
        reason = f"suspended: {record.suspended}" if record.suspended else "suspended"
        until = "" if record.resumes is None else f" until {format_minute(record.resumes)}"
        return reason + until
    for text in record.exclude:
        if _excludes(text, record.timezone, at):
            return f"excluded by {text}"
    return None


def running_times(record: ScheduleRecord, after: int) -> Iterator[int]:
    """The occurrences later than an epoch minute that are to run, ascending."""
    after = max(after, record.anchor, *(() if record.start is None else (record.start - 1,)))
    if record.at is not None:
        if (
            record.at > after
            and not _beyond(record, record.at)
            and not exclusion(record, record.at)
        ):
            yield record.at
        return
    timetable = record.timetable()
    in_a_row, since = 0, after
    while timetable is not None and in_a_row < EXCLUDED_AT_MOST:
        if record.suspended is not None:
            if record.resumes is None:
                return
            after = max(after, record.resumes - 1)
        following = timetable.next(after)
        if following is None or _beyond(record, following):
            return
        after = following
        if exclusion(record, following):
            after = _last_excluded(record, following)
            in_a_row += 1
            if following > since + EXCLUDED_FOR:
                return
            continue
        in_a_row, since = 0, following
        yield following


def previous_time(record: ScheduleRecord, before: int) -> int | None:
    """The occurrence of a recurring record before this one, None when there is none."""
    timetable = record.timetable()
    found = None if timetable is None else timetable.previous(before - 1)
    return found if found is not None and found > record.anchor else None


def latest_time(record: ScheduleRecord, until: int) -> int | None:
    """The newest occurrence of a record up to an epoch minute, within its bounds, also one that
    does not run; None when there is none."""
    after = record.anchor if record.start is None else max(record.anchor, record.start - 1)
    last = until if record.end is None else min(until, record.end - 1)
    if record.at is not None:
        return record.at if after < record.at <= last else None
    timetable = record.timetable()
    found = None if timetable is None else timetable.previous(last)
    return found if found is not None and found > after else None


def _beyond(record: ScheduleRecord, at: int) -> bool:
    return record.end is not None and at >= record.end


def _last_excluded(record: ScheduleRecord, at: int) -> int:
    """The last minute of the dates that exclude this minute; ``at`` where no dates do."""
    found = at
    for text in record.exclude:
        days = excluded_days(text)
        if (
            days is not None
            and days[1].year < date.max.year
            and _excludes(text, record.timezone, at)
        ):
            following = days[1] + timedelta(days=1)
            zone = tzinfo_named(record.timezone)
            found = max(found, minute(datetime.combine(following, time(), zone)) - 1)
    return found


def _excludes(text: str, timezone: str, at: int) -> bool:
    days = excluded_days(text)
    if days is not None:
        first, last = days
        return first <= instant(at).astimezone(tzinfo_named(timezone)).date() <= last
    return _times(text, timezone).matches(at)


@lru_cache(maxsize=1024)
def _times(text: str, timezone: str) -> Timetable:
    return Timetable((parse(text),), timezone)
