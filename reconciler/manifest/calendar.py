"""Calendars of days on which nothing runs: an iCalendar file, or the holidays of a country."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, TypeAlias


@dataclass(frozen=True, slots=True)
class DateRange:
    """Whole days in the schedule's time zone, first and last included."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class CalendarFile:
    """An iCalendar file of the repository, relative to the folder of `reconciler.yaml`."""

    path: str

    def __str__(self) -> str:
        return self.path


@dataclass(frozen=True, slots=True)
class PublicHolidays:
    """The public holidays of a country or of one of its subdivisions."""

    country: str
    subdivision: str | None = None

    def __str__(self) -> str:
        place = self.country if self.subdivision is None else f"{self.country}-{self.subdivision}"
        return f"holidays of {place}"


RENEWAL: Final = "and any commit of a later year has data for longer"
"""How the end of data that is computed is moved."""
Source: TypeAlias = CalendarFile | PublicHolidays


@dataclass(frozen=True, slots=True)
class Calendar:
    """An item of `exclude` that names a calendar.

    Args:
        item: its place in `exclude`.
        days: what it excludes, ascending; empty until the calendar is read.
        ends: the last day for which it has data; None until it is read.
        line: of the item in the manifest; 0 until it is read.
        edition: the version of the package that has the days; empty of a file.
        renewal: how to have data for later, for messages.
    """

    source: Source
    item: int
    days: tuple[DateRange, ...] = ()
    ends: date | None = None
    line: int = 0
    edition: str = ""
    renewal: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """The days for which calendars are read: from the year before to the second year after.

    The year is that of the commit, so that one commit is always the same plan. The year before is
    for occurrences that run late.
    """

    year: int

    @property
    def first(self) -> date:
        """The first day."""
        return date(self.year - 1, 1, 1)

    @property
    def last(self) -> date:
        """The last day."""
        return date(self.year + 2, 12, 31)

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


@dataclass(frozen=True, slots=True)
class Event:
    """An event that begins and ends at a time of day.

    Args:
        begin, end: local times without a zone; nothing is excluded at `end` itself.
        zone: the IANA zone of these; None for the schedule's own.
        name: its summary, for messages.
    """

    begin: datetime
    end: datetime
    zone: str | None
    name: str


@dataclass(frozen=True, slots=True)
class CalendarDays:
    """What a calendar says within a span.

    Args:
        days: days that are excluded as a whole.
        events: with times of day, ascending.
        ends, edition, renewal: see `Calendar`.
    """

    days: frozenset[date]
    events: tuple[Event, ...]
    ends: date
    edition: str = ""
    renewal: str = "so commit a calendar with later events"


class CalendarError(ValueError):
    """A calendar cannot be read."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


def ranges(days: Iterable[date]) -> Iterator[DateRange]:
    """Days as ranges, as few as possible, ascending."""
    first = last = None
    for day in sorted(set(days)):
        if first is None or last is None:
            first = day
        elif day > last + timedelta(days=1):
            yield DateRange(first, last)
            first = day
        last = day
    if first is not None and last is not None:
        yield DateRange(first, last)
