"""Write the agenda of a generation's records; see :mod:`reconciler.model.agenda`."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from reconciler.cron import parse_times
from reconciler.cron.clock import MINUTES_PER_DAY
from reconciler.cron.days import date_bits
from reconciler.cron.text import members
from reconciler.model.agenda import NO_RECORDS, Agenda, record_set
from reconciler.model.occurrence import format_minute

if TYPE_CHECKING:
    from reconciler.model.record import Record

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


def write_agenda(records: Iterable[Record]) -> Agenda:
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
