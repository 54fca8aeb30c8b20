"""Reads an iCalendar file (RFC 5545): which days and times it has within a span.

Times are taken as they are written, with the name of their zone: zones are made by our own tz
database alone. An event that is marked as free time (`TRANSP:TRANSPARENT`) counts, because
calendars of holidays mark all of theirs so; a cancelled one does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from dateutil.rrule import rrulestr
from icalendar import Calendar as Parsed
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from reconciler.cron import ZoneError, tzinfo_named
from reconciler.manifest.calendar import RENEWAL, CalendarDays, CalendarError, Event, Span

MOST_BYTES: Final = 1024 * 1024
"""Of one calendar; enough for some 5,000 events."""
MOST_EVENTS: Final = 5_000
MOST_RECURRING: Final = 200
"""Recurring events of one file: each may occur on every day of the span."""
FIRST_YEAR: Final = 1900
"""A rule that begins before would take long to follow."""
_FREQUENCIES: Final = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_DAY: Final = timedelta(days=1)
_CORRECT: Final = "correct the event, or export the calendar again"


def read_calendar(content: bytes, path: str, span: Span) -> CalendarDays:
    """What a file says.

    Raises:
        CalendarError: it is not a calendar, has no events, or one of them cannot be read.
    """
    if len(content) > MOST_BYTES:
        raise CalendarError(
            f"`{path}` is larger than {MOST_BYTES // 2**20} MiB, the limit for a calendar",
            "remove the events of past years",
        )
    events = [_Event.read(item, path) for item in _components(content, path)]
    if sum(event.rule is not None for event in events) > MOST_RECURRING:
        raise CalendarError(
            f"`{path}` has more than {MOST_RECURRING} recurring events",
            "keep the days on which nothing runs in a calendar of their own",
        )
    replaced = {(one.uid, one.replaces) for one in events if one.replaces is not None}
    days: set[date] = set()
    timed: list[Event] = []
    ends = date.min
    renewal: dict[str, str] = {}
    for event in events:
        if event.cancelled:
            continue
        if event.is_unlimited:
            ends = span.last
            renewal = {"renewal": RENEWAL}
        for begin in event.begins(span):
            if event.replaces is None and (event.uid, begin) in replaced:
                continue
            end = begin + event.length
            ends = max(ends, (end - timedelta(microseconds=1)).date())
            if event.whole_days:
                days.update(_days(begin.date(), end.date()))
            elif end.date() >= span.first and begin.date() <= span.last:
                timed.append(Event(begin, end, event.zone, event.name))
    if ends == date.min:
        raise CalendarError(f"`{path}` has no events", "add some, or remove the calendar")
    inside = frozenset(day for day in days if day in span)
    timed.sort(key=lambda event: event.begin)
    return CalendarDays(inside, tuple(timed), min(ends, span.last), **renewal)


def _components(content: bytes, path: str) -> list[Any]:
    try:
        found = Parsed.from_ical(content.decode("utf-8-sig"))
        events = [*found.walk("VEVENT")]
    except UnicodeDecodeError as error:
        raise CalendarError(
            f"`{path}` is not UTF-8: invalid byte 0x{error.object[error.start]:02x}",
            "save the file as UTF-8",
        ) from None
    except (ValueError, IndexError, KeyError, TypeError, RecursionError) as error:
        why = " ".join(str(error).split())[:120]
        raise CalendarError(
            f"`{path}` is not an iCalendar file: {why}", "export the calendar again, as .ics"
        ) from None
    if found.name != "VCALENDAR":
        raise CalendarError(
            f"`{path}` is not an iCalendar file: it does not begin with BEGIN:VCALENDAR",
            "export the calendar again, as .ics",
        )
    if len(events) > MOST_EVENTS:
        raise CalendarError(
            f"`{path}` has more than {MOST_EVENTS:,} events", "remove those of past years"
        )
    return events


@dataclass(frozen=True, slots=True)
class _Event:
    """An event as the file has it; its times are local, without a zone.

    Args:
        begin: of its first occurrence; midnight when it lasts whole days.
        rule: the recurrence rule; None without one.
        more, without: `RDATE` and `EXDATE`.
        replaces: the occurrence of the recurring event that it takes the place of.
    """

    uid: str
    name: str
    whole_days: bool
    zone: str | None
    begin: datetime
    length: timedelta
    rule: str | None
    more: tuple[datetime, ...]
    without: frozenset[datetime]
    replaces: datetime | None
    cancelled: bool

    @property
    def is_unlimited(self) -> bool:
        """Whether it recurs for ever."""
        return self.rule is not None and not {"COUNT", "UNTIL"} & {
            part.partition("=")[0] for part in self.rule.split(";")
        }

    def begins(self, span: Span) -> Iterator[datetime]:
        """The times at which it begins, those of a rule up to the end of the span."""
        found = {self.begin, *self.more}
        if self.rule is not None:
            first = datetime.combine(span.first, time()) - self.length - _DAY
            last = datetime.combine(span.last + _DAY, time())
            rule = f"{self.rule};UNTIL={last:%Y%m%dT%H%M%S}" if self.is_unlimited else self.rule
            found.update(rrulestr(rule, dtstart=self.begin).between(first, last, inc=True))
        yield from sorted(found - self.without)

    @classmethod
    def read(cls, item: Any, path: str) -> _Event:
        """One event of the file.

        Raises:
            CalendarError: it has no start, an end before it, or a rule that is not supported.
        """
        name = " ".join(str(item.get("SUMMARY", item.get("UID", "without a name"))).split())[:60]
        reader = _EventReader(item, f"event `{name}` of `{path}`")
        for broken, why in getattr(item, "errors", ()):
            raise reader.error(f"its {broken} cannot be read: {why}")
        first = reader.one("DTSTART")
        if first is None:
            raise reader.error("it has no DTSTART")
        zone = reader.zone(first)
        begin = reader.local(first, zone)
        whole = not isinstance(first.dt, datetime)
        return cls(
            uid=str(item.get("UID", id(item))),
            name=name,
            whole_days=whole,
            zone=zone,
            begin=begin,
            length=reader.length(begin, zone, whole_days=whole),
            rule=reader.rule(begin, zone),
            more=tuple(reader.many("RDATE", begin, zone)),
            without=frozenset(reader.many("EXDATE", begin, zone)),
            replaces=reader.replaces(zone),
            cancelled=str(item.get("STATUS", "")).upper() == "CANCELLED",
        )


@dataclass(frozen=True, slots=True)
class _EventReader:
    """Reads the properties of one event.

    Args:
        place: the event, for messages.
    """

    item: Any
    place: str

    def error(self, why: str) -> CalendarError:
        """The error of this event."""
        return CalendarError(f"{self.place}: {why}", _CORRECT)

    def one(self, name: str) -> Any:
        """A property that an event has at most once; None without it."""
        found = self.item.get(name)
        if isinstance(found, list):
            raise self.error(f"it has several {name}")
        return found

    def zone(self, value: Any) -> str | None:
        """The zone of a time: None for local time, and for a day."""
        if not isinstance(value.dt, datetime) or value.dt.tzinfo is None:
            if "TZID" not in value.params:
                return None
        elif "TZID" not in value.params:
            return "UTC"
        named = str(value.params["TZID"])
        try:
            tzinfo_named(WINDOWS_TO_OLSON.get(named, named))
        except ZoneError as error:
            raise self.error(error.what) from None
        return WINDOWS_TO_OLSON.get(named, named)

    def local(self, value: Any, zone: str | None) -> datetime:
        """A time on the clock of the event's zone; of a day its midnight."""
        if not isinstance(value.dt, datetime):
            return datetime.combine(value.dt, time())
        written: datetime = value.dt.replace(tzinfo=None)
        named = self.zone(value)
        if named is None or zone is None or named == zone:
            return written
        aware = written.replace(tzinfo=tzinfo_named(named))
        return aware.astimezone(UTC).astimezone(tzinfo_named(zone)).replace(tzinfo=None)

    def length(self, begin: datetime, zone: str | None, *, whole_days: bool) -> timedelta:
        """How long it lasts; a day without an end lasts one."""
        end, duration = self.one("DTEND"), self.one("DURATION")
        found = _DAY if whole_days else timedelta()
        if end is not None:
            found = self.local(end, zone) - begin
        elif duration is not None:
            found = duration.dt
        if found <= timedelta():
            raise self.error("it ends when it begins, or before")
        return found

    def rule(self, begin: datetime, zone: str | None) -> str | None:
        """Its recurrence rule, with `UNTIL` on the clock of the event's zone."""
        rule = self.one("RRULE")
        if rule is None:
            return None
        if str(rule.get("FREQ", [""])[0]) not in _FREQUENCIES or {
            "BYHOUR",
            "BYMINUTE",
            "BYSECOND",
        } & set(rule):
            raise self.error("it recurs more often than daily, which is not supported")
        if begin.year < FIRST_YEAR:
            raise self.error(f"it recurs from a year before {FIRST_YEAR}")
        if any(step < 1 for step in rule.get("INTERVAL", ())):
            raise self.error("its INTERVAL is less than 1")
        parts = [part for part in rule.to_ical().decode().split(";") if part[:6] != "UNTIL="]
        for until in rule.get("UNTIL", ()):
            last = datetime.combine(until, time.max) if not isinstance(until, datetime) else until
            if last.tzinfo is not None and zone is not None:
                last = last.astimezone(tzinfo_named(zone))
            parts.append(f"UNTIL={last:%Y%m%dT%H%M%S}")
        text = ";".join(parts)
        try:
            rrulestr(text, dtstart=begin)
        except (ValueError, TypeError, IndexError, KeyError) as error:
            raise self.error(f"its RRULE cannot be read: {error}") from None
        return text

    def many(self, name: str, begin: datetime, zone: str | None) -> Iterator[datetime]:
        """The times of `RDATE` or `EXDATE`; of a day the time of that day at which it begins."""
        found = self.item.get(name, ())
        for values in found if isinstance(found, list) else (found,) if found else ():
            for value in values.dts:
                if isinstance(value.dt, tuple):
                    raise self.error(f"its {name} has a period, which is not supported")
                value.params.setdefault("TZID", values.params.get("TZID", zone or "UTC"))
                if isinstance(value.dt, datetime):
                    yield self.local(value, zone)
                else:
                    yield datetime.combine(value.dt, begin.time())

    def replaces(self, zone: str | None) -> datetime | None:
        """The occurrence in whose place it is."""
        value = self.one("RECURRENCE-ID")
        if value is None:
            return None
        if "RANGE" in value.params:
            raise self.error("it changes all later occurrences (RANGE), which is not supported")
        return self.local(value, zone)


def _days(first: date, end: date) -> Iterable[date]:
    # An event of several centuries would be a mistake, and its days are never needed.
    last = min(end, first + timedelta(days=100_000))
    return (first + timedelta(days=number) for number in range((last - first).days))
