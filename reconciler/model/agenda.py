"""Which records of a generation can be due in a span of time, found without reading any of them.

Most wakes run in a fresh container, and there the records would cost more to read than all else.
So the times of all of them are written beside them, the other way round: for each minute of an
hour, hour, day, month and weekday, *which records have it among their times*, as a set of record
numbers. What may be due in a span is then an intersection of a few sets.

Invariant: *a record with an occurrence in the span is among the candidates*. The other way round
does not hold, by design: the values of several expressions are put together as if each minute went
with each hour, a task comes back every few years, and nothing is said of bounds, suspension or
exclusion. Every candidate is then judged by its record.

A set is an integer, bit n standing for the nth record; on file it is hexadecimal.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from reconciler.cron import parse_times, zone_named
from reconciler.cron.clock import MINUTES_PER_DAY
from reconciler.cron.days import date_bits
from reconciler.cron.text import members
from reconciler.cron.windows import Window, local_windows
from reconciler.model.occurrence import format_minute, parse_minute

if TYPE_CHECKING:
    from reconciler.model.cursor import Lookback
    from reconciler.model.schedule_record import ScheduleRecord

NO_RECORDS: Final = 0


class _Sets(dict[int, int]):
    """Sets of records by the value that they have, read from their text when first asked for."""

    def __init__(self, written: Mapping[str, str]) -> None:
        super().__init__()
        self._written = written

    def __missing__(self, value: int) -> int:
        found = self[value] = int(self._written.get(str(value), "0"), 16)
        return found


@dataclass(frozen=True)
class Agenda:
    """See the module.

    Attributes:
        times: the sets as one line of JSON.
        begun: the record numbers by anchor, ascending, as one line of JSON; apart, because only a
            wake that finds a new generation needs it.
    """

    times: bytes
    begun: bytes

    def candidates(self, lookback: Lookback, now: int) -> Sequence[int]:
        """The numbers of the records that may have an occurrence after their horizon up to ``now``.

        Raises:
            ValueError, KeyError, TypeError: it is not one of our agendas.
        """
        found = self._within(lookback.since, now)
        if lookback.fresh is not None:
            known = format_minute(lookback.fresh)
            # Minutes as they are written sort by time.
            fresh = [entry for entry in self._begun if entry[0] > known]
            if fresh:
                numbers = record_set(number for _, numbers in fresh for number in numbers)
                found |= numbers & self._within(parse_minute(fresh[0][0]), now)
        return _numbers(found)

    def formerly(self, name: str) -> int | None:
        """The number of the record that once had this name."""
        number = self._written["formerly"].get(name)
        return None if number is None else int(number)

    def check(self) -> None:
        """Look at the parts of which a wake needs no more than that they can be read.

        Raises:
            ValueError, LookupError, TypeError, AttributeError: it is not one of our agendas.
        """
        self.formerly("")
        _ = self.newest

    @property
    def newest(self) -> int | None:
        """The newest anchor, an epoch minute; None without records.

        Raises:
            ValueError, IndexError: it is not one of our agendas.
        """
        # The line of a hundred thousand records is long, and its last anchor is near its end.
        _, found, rest = self.begun.rpartition(b'["')
        return parse_minute(rest.partition(b'"')[0].decode()) if found else None

    def _within(self, since: int, now: int) -> int:
        """The records that may have an occurrence in the half-open ``(since, now]``."""
        if since >= now:
            return NO_RECORDS
        records_at: dict[tuple[Window, ...], int] = {}
        for name, written in self._written["zones"].items():
            windows = local_windows(zone_named(name), since, now)
            records_at[windows] = records_at.get(windows, NO_RECORDS) | int(written, 16)
        found = NO_RECORDS
        for windows, records in records_at.items():
            for window in windows:
                found |= records & self._shown(window)
        return found

    def _shown(self, window: Window) -> int:
        """The records that have one of these local times, whatever their zone."""
        found = NO_RECORDS
        at, end = window.start, window.start + window.length
        while at < end:
            day, first = divmod(at, MINUTES_PER_DAY)
            last = min(MINUTES_PER_DAY, first + end - at)
            on_day = self._on_day(day)
            if on_day and last - first < MINUTES_PER_DAY:
                on_day &= self._at_times(first, last)
            found |= on_day
            at += last - first
        return found

    def _on_day(self, day: int) -> int:
        of_month, month, of_week = (bit.bit_length() - 1 for bit in date_bits(day))
        by_day, by_weekday = self._days[of_month], self._weekdays[of_week]
        both = by_day & by_weekday
        return self._months[month] & (both | (by_day | by_weekday) & ~self._both)

    def _at_times(self, first: int, end: int) -> int:
        """The records with one of a day's minutes from ``first`` to before ``end``."""
        found = NO_RECORDS
        for hour in range(first // 60, (end - 1) // 60 + 1):
            low, high = max(first - hour * 60, 0), min(end - hour * 60, 60)
            at_hour = self._hours[hour]
            if high - low < 60:
                minutes = NO_RECORDS
                for minute in range(low, high):
                    minutes |= self._minutes[minute]
                at_hour &= minutes
            found |= at_hour
        return found

    @cached_property
    def _written(self) -> Any:
        return json.loads(self.times)["agenda"]

    @cached_property
    def _begun(self) -> Sequence[tuple[str, Sequence[int]]]:
        return [(anchor, numbers) for anchor, numbers in json.loads(self.begun)["begun"]]

    @cached_property
    def _minutes(self) -> _Sets:
        return _Sets(self._written["minutes"])

    @cached_property
    def _hours(self) -> _Sets:
        return _Sets(self._written["hours"])

    @cached_property
    def _days(self) -> _Sets:
        return _Sets(self._written["days"])

    @cached_property
    def _months(self) -> _Sets:
        return _Sets(self._written["months"])

    @cached_property
    def _weekdays(self) -> _Sets:
        return _Sets(self._written["weekdays"])

    @cached_property
    def _both(self) -> int:
        """The records for which a day must match by day of month and by weekday."""
        return int(self._written["both"], 16)


def record_set(numbers: Iterable[int]) -> int:
    """The set of these record numbers."""
    numbers = tuple(numbers)
    if not numbers:
        return NO_RECORDS
    # One bit at a time in an integer would copy it every time.
    octets = bytearray((max(numbers) >> 3) + 1)
    for number in numbers:
        octets[number >> 3] |= 1 << (number & 7)
    return int.from_bytes(octets, "little")


def _numbers(records: int) -> Sequence[int]:
    """The record numbers of a set, ascending; in one pass, however large it is."""
    digits = f"{records:b}"[::-1]
    found = []
    at = digits.find("1")
    while at >= 0:
        found.append(at)
        at = digits.find("1", at + 1)
    return found


_UTC: Final = "UTC"


class _Values(NamedTuple):
    """The values of a record's times: the bit sets of an expression, and whose clock they are on.

    Attributes:
        both: a day must match ``days`` and ``weekdays``; otherwise one of them is enough.
    """

    minutes: int
    hours: int
    days: int
    months: int
    weekdays: int
    both: bool
    zone: str


def write_agenda(records: Iterable[ScheduleRecord]) -> Agenda:
    """The agenda of these records, which are numbered from 0 in their order.

    Raises:
        CronError: an expression is none.
    """
    known: dict[tuple[tuple[str, ...], str], _Values] = {}
    found: list[_Values] = []
    begun: dict[int, list[int]] = {}
    formerly: dict[str, int] = {}
    for number, record in enumerate(records):
        key = (record.when, record.timezone)
        if record.at is not None:
            values = _of_task(record.at)
        else:
            values = known.get(key) or known.setdefault(key, _of_times(*key))
        found.append(values)
        begun.setdefault(record.anchor, []).append(number)
        formerly |= {name: number for name, _last in record.formerly}
    times = {
        "both": f"{record_set(n for n, values in enumerate(found) if values.both):x}",
        "days": _by_value([values.days for values in found]),
        "formerly": formerly,
        "hours": _by_value([values.hours for values in found]),
        "minutes": _by_value([values.minutes for values in found]),
        "months": _by_value([values.months for values in found]),
        "weekdays": _by_value([values.weekdays for values in found]),
        "zones": {zone: f"{record_set(numbers):x}" for zone, numbers in _zones(found).items()},
    }
    anchors = [[format_minute(anchor), begun[anchor]] for anchor in sorted(begun)]
    return Agenda(_line({"agenda": times}), _line({"begun": anchors}))


def _of_task(at: int) -> _Values:
    """The values of a single time. It comes back when the date next falls on the weekday."""
    day, time = divmod(at, MINUTES_PER_DAY)
    hour, minute = divmod(time, 60)
    of_month, month, of_week = date_bits(day)
    return _Values(1 << minute, 1 << hour, of_month, month, of_week, both=True, zone=_UTC)


def _of_times(when: Iterable[str], zone: str) -> _Values:
    """The values of all expressions together, each with each."""
    minutes = hours = days = months = weekdays = 0
    both = True
    for expression in (expression for text in when for expression in parse_times(text)):
        minutes |= expression.minutes
        hours |= expression.hours
        days |= expression.days
        months |= expression.months
        weekdays |= expression.weekdays
        both &= expression.both_days
    return _Values(minutes, hours, days, months, weekdays, both, zone)


def _by_value(field: Sequence[int]) -> Mapping[str, str]:
    """For each value, the set of the records that have it, as it is written.

    Args:
        field: of each record, the bit set of its values.
    """
    # Records are many and the bit sets that they have mostly few: put together by the latter.
    alike: defaultdict[int, list[int]] = defaultdict(list)
    for number, values in enumerate(field):
        alike[values].append(number)
    found: defaultdict[int, int] = defaultdict(lambda: NO_RECORDS)
    for values, numbers in alike.items():
        records = record_set(numbers)
        for value in members(values):
            found[value] |= records
    return {str(value): f"{found[value]:x}" for value in sorted(found)}


def _zones(found: Iterable[_Values]) -> Mapping[str, Sequence[int]]:
    zones: dict[str, list[int]] = {}
    for number, values in enumerate(found):
        zones.setdefault(values.zone, []).append(number)
    return zones


def _line(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
