"""Turns the calendars that schedules exclude into days, each calendar read once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property

from reconciler.cron import minute, tzinfo_named
from reconciler.manifest.calendar import (
    Calendar,
    CalendarDays,
    CalendarError,
    CalendarFile,
    Event,
    Source,
    Span,
    ranges,
)
from reconciler.manifest.code_files import CodeFiles
from reconciler.manifest.document import Document
from reconciler.manifest.problem import Problem
from reconciler.manifest.schedule import Schedule

_DAY = timedelta(days=1)


class CalendarReader:
    """Reads the calendars of some files."""

    def __init__(self, files: CodeFiles) -> None:
        self._files = files
        self._read: dict[Source, CalendarDays | CalendarError] = {}

    def resolve(self, schedule: Schedule, document: Document) -> Schedule | list[Problem]:
        """The schedule with the days of its calendars, or all that is wrong with these."""
        found: list[Calendar] = []
        problems: list[Problem] = []
        for calendar in schedule.calendars:
            is_file = isinstance(calendar.source, CalendarFile)
            at = document.position("exclude", calendar.item, "calendar" if is_file else "holidays")
            try:
                read = self._days(calendar.source)
                days = {*read.days, *_covered(read.events, schedule, str(calendar.source))}
            except CalendarError as error:
                problems.append(Problem(error.message, at, error.remedy))
                continue
            found.append(
                replace(
                    calendar,
                    days=tuple(ranges(days)),
                    ends=read.ends,
                    line=at.line,
                    edition=read.edition,
                    renewal=read.renewal,
                )
            )
        return problems or replace(schedule, calendars=tuple(found))

    @cached_property
    def _span(self) -> Span:
        return Span(self._files.year)

    def _days(self, source: Source) -> CalendarDays:
        if source not in self._read:
            try:
                self._read[source] = self._fresh(source)
            except CalendarError as error:
                self._read[source] = error
        found = self._read[source]
        if isinstance(found, CalendarError):
            raise found
        return found

    def _fresh(self, source: Source) -> CalendarDays:
        if not isinstance(source, CalendarFile):
            from reconciler.manifest.holiday_data import read_holidays

            return read_holidays(source, self._span)
        if ".." in source.path.split("/"):
            raise CalendarError("a calendar must be inside the repository", "remove `..`")
        content = self._files.read(source.path)
        if content is None:
            raise CalendarError(
                f"there is no file `{source.path}` in {self._files.place}",
                "correct the path, which begins at the folder of reconciler.yaml, or add and "
                "commit the file",
            )
        from reconciler.manifest.calendar_files import read_calendar  # 0.1 s

        return read_calendar(content, source.path, self._span)


def _covered(events: tuple[Event, ...], schedule: Schedule, calendar: str) -> Iterator[date]:
    """The days of whose occurrences events cover every one, in the schedule's zone.

    Raises:
        CalendarError: on one day they cover some and not all: a generation excludes whole days.
    """
    zone = tzinfo_named(schedule.timezone)
    by_day: dict[date, list[tuple[int, int, str]]] = {}
    for event in events:
        of = zone if event.zone is None else tzinfo_named(event.zone)
        begin = event.begin.replace(tzinfo=of).astimezone(UTC)
        end = event.end.replace(tzinfo=of).astimezone(UTC)
        day = begin.astimezone(zone).date()
        while datetime.combine(day, time(), zone).astimezone(UTC) < end:
            by_day.setdefault(day, []).append((minute(begin), minute(end), event.name))
            day += _DAY
    for day, covers in by_day.items():
        times = _occurrences(schedule, day)
        inside = {at: name for at in times for first, end, name in covers if first <= at < end}
        if len(inside) == len(times):
            if times:
                yield day
        elif inside:
            name = next(iter(inside.values()))
            raise CalendarError(
                f"event `{name}` of `{calendar}` covers {len(inside)} of {len(times)} occurrences "
                f"on {day}, and a calendar excludes whole days",
                "let the event last the whole day, or write a cron expression in `exclude`",
            )


def _occurrences(schedule: Schedule, day: date) -> tuple[int, ...]:
    zone = tzinfo_named(schedule.timezone)
    first = minute(datetime.combine(day, time(), zone).astimezone(UTC))
    end = minute(datetime.combine(day + _DAY, time(), zone).astimezone(UTC))
    if isinstance(schedule.times, datetime):
        at = minute(schedule.times)
        return (at,) if first <= at < end else ()
    return tuple(schedule.times.between(first - 1, end - 1))
