"""The occurrences to come, over all schedules: as lines, as a heat map of hours, as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

from reconciler.cron import instant
from reconciler.dispatch.calendar import barred, nominal_times
from reconciler.dispatch.generation import Record
from reconciler.dispatch.occurrence import format_minute
from reconciler.report.style import Style

HOUR: Final = 60
SHADES: Final = " ▁▂▃▄▅▆▇█"
"""From no occurrence in an hour to the most that any hour of the map has."""
MAP_HOURS: Final = 48
"""Hours that fit beside the names on an ordinary terminal."""
MAP_ROWS: Final = 100
"""Schedules shown, those with the most occurrences; the list below has them all."""


@dataclass(frozen=True, slots=True, order=True)
class Upcoming:
    """One occurrence to come: epoch minute, schedule, and the zone that it is written in."""

    at: int
    name: str
    zone: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """What happens in ``(after, until]``, epoch minutes.

    Attributes:
        occurrences: in the order of time and name.
        suspended: the names of schedules at which nothing happens.
        rows: per schedule its times.
        wakes: per slot the times at which it wakes.
    """

    after: int
    until: int
    occurrences: tuple[Upcoming, ...]
    suspended: tuple[str, ...]
    rows: Mapping[str, Sequence[int]]
    wakes: Mapping[str, Sequence[int]]


def timeline(
    records: Iterable[Record], wakes: Mapping[str, Sequence[int]], after: int, until: int
) -> Timeline:
    """Put together what happens in ``(after, until]``."""
    rows: dict[str, Sequence[int]] = {}
    suspended: list[str] = []
    occurrences: list[Upcoming] = []
    for record in records:
        if record.suspended is not None and record.resumes is None:
            suspended.append(record.name)
            continue
        times = nominal_times(record, after, until)
        rows[record.name] = [at for at in times if barred(record, at) is None]
        occurrences += (Upcoming(at, record.name, record.timezone) for at in rows[record.name])
    return Timeline(after, until, tuple(sorted(occurrences)), tuple(suspended), rows, wakes)


def timeline_text(found: Timeline, count: int) -> str:
    """A line per occurrence, the first ``count`` of them."""
    shown = found.occurrences[:count]
    width = max((len(item.name) for item in shown), default=0)
    lines = [
        f"{format_minute(item.at)}  {item.name:{width}}  {_local(item)}".rstrip() for item in shown
    ]
    lines += [f"{'suspended':17}  {name}" for name in found.suspended]
    if len(found.occurrences) > count:
        lines.append(f"and {len(found.occurrences) - count:,} more until {_end(found)}")
    return "\n".join(lines) if lines else f"Nothing is due until {_end(found)}."


def timeline_map(found: Timeline, style: Style) -> str:
    """A row per schedule and slot, a column per hour; the darker, the more occurrences."""
    first = (found.after + 1) // HOUR
    last = min(found.until // HOUR, first + MAP_HOURS - 1)
    hours = range(first, last + 1)
    width = max((len(name) for name in (*found.rows, *found.wakes)), default=0)
    return "\n".join(
        (
            *_scale(hours, width, style),
            *_rows(_fullest(found.rows), hours, width),
            style.bold("Slots"),
            *_rows(found.wakes, hours, width),
        )
    )


def timeline_json(found: Timeline, count: int) -> dict[str, Any]:
    """The timeline as JSON."""
    return {
        "format": 1,
        "after": format_minute(found.after),
        "until": format_minute(found.until),
        "next": [
            {
                "name": item.name,
                "time": format_minute(item.at),
                "local": instant(item.at).astimezone(ZoneInfo(item.zone)).isoformat(),
            }
            for item in found.occurrences[:count]
        ],
        "suspended": list(found.suspended),
        "slots": {name: len(times) for name, times in found.wakes.items()},
    }


def _scale(hours: range, width: int, style: Style) -> Iterator[str]:
    """Two lines: the dates at their midnights, and every sixth hour."""
    days = {hour: f"{instant(hour * HOUR):%m-%d}" for hour in hours if hour % 24 == 0}
    clock = {hour: f"{hour % 24:02}" for hour in hours if hour % 6 == 0}
    for marks in (days, clock):
        line = ""
        for hour in hours:
            line = line if len(line) > hour - hours.start else line.ljust(hour - hours.start)
            if hour in marks and len(line) == hour - hours.start:
                line += marks[hour]
        yield style.dim(f"{'':{width}}  {line}".rstrip())


def _fullest(rows: Mapping[str, Sequence[int]]) -> Mapping[str, Sequence[int]]:
    """The rows that are shown, in their order."""
    by_count = sorted(rows, key=lambda name: (-len(rows[name]), name))
    shown = set(by_count[:MAP_ROWS])
    return {name: times for name, times in rows.items() if name in shown}


def _rows(rows: Mapping[str, Sequence[int]], hours: range, width: int) -> Iterator[str]:
    counted = {name: _per_hour(times, hours) for name, times in rows.items()}
    most = max((max(counts, default=0) for counts in counted.values()), default=0)
    for name, counts in counted.items():
        cells = "".join(_shade(count, most) for count in counts)
        yield f"{name:{width}}  {cells}  {sum(counts)}"


def _per_hour(times: Sequence[int], hours: range) -> list[int]:
    counts = [0] * len(hours)
    for at in times:
        if at // HOUR in hours:
            counts[at // HOUR - hours.start] += 1
    return counts


def _shade(count: int, most: int) -> str:
    """Any occurrence shows, however many the fullest hour has."""
    steps = len(SHADES) - 1
    return SHADES[0] if count == 0 else SHADES[max(1, round(count * steps / most))]


def _local(item: Upcoming) -> str:
    if item.zone == "UTC":
        return ""
    return f"{instant(item.at).astimezone(ZoneInfo(item.zone)):%Y-%m-%d %H:%M %Z}"


def _end(found: Timeline) -> str:
    return f"{instant(found.until):%Y-%m-%dT%H:%MZ}"
