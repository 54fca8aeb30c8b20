"""The occurrences to come, over all schedules: as lines, as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.cron import instant, tzinfo_named
from reconciler.dispatch.decide.nominal_times import exclusion, nominal_times, running_times
from reconciler.foreign_text import as_lines
from reconciler.model.occurrence import format_minute
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.render.json_format import OUTPUT_FORMAT


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
        following: the first occurrence after that; None when one is in it or there is no more.
    """

    after: int
    until: int
    occurrences: tuple[Upcoming, ...]
    suspended: tuple[str, ...]
    rows: Mapping[str, Sequence[int]]
    wakes: Mapping[str, Sequence[int]]
    following: Upcoming | None = None


def timeline(
    records: Iterable[ScheduleRecord], wakes: Mapping[str, Sequence[int]], after: int, until: int
) -> Timeline:
    """Put together what happens in ``(after, until]``."""
    records = tuple(records)
    rows: dict[str, Sequence[int]] = {}
    suspended: list[str] = []
    occurrences: list[Upcoming] = []
    for record in records:
        if record.suspended is not None and record.resumes is None:
            suspended.append(record.name)
            continue
        times = nominal_times(record, after, until)
        rows[record.name] = [at for at in times if exclusion(record, at) is None]
        occurrences += (Upcoming(at, record.name, record.timezone) for at in rows[record.name])
    following = None if occurrences else _following(records, until)
    return Timeline(
        after, until, tuple(sorted(occurrences)), tuple(suspended), rows, wakes, following
    )


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
    if found.occurrences:
        return as_lines(lines)
    nothing = f"Nothing is due up to {_end(found)}."
    if found.following is not None:
        nothing += f" The next is {found.following.name} at {format_minute(found.following.at)}."
    return as_lines([nothing, *lines])


def timeline_json(found: Timeline, count: int) -> dict[str, Any]:
    """The timeline as JSON."""
    return {
        "format": OUTPUT_FORMAT,
        "after": format_minute(found.after),
        "until": format_minute(found.until),
        "next": [
            {
                "name": item.name,
                "time": format_minute(item.at),
                "local": instant(item.at).astimezone(tzinfo_named(item.zone)).isoformat(),
            }
            for item in found.occurrences[:count]
        ],
        "suspended": list(found.suspended),
        "slots": {name: len(times) for name, times in found.wakes.items()},
    }


def _following(records: Iterable[ScheduleRecord], until: int) -> Upcoming | None:
    firsts = ((record, next(running_times(record, until), None)) for record in records)
    return min(
        (Upcoming(at, record.name, record.timezone) for record, at in firsts if at is not None),
        default=None,
    )


def _local(item: Upcoming) -> str:
    if item.zone == "UTC":
        return ""
    return f"{instant(item.at).astimezone(tzinfo_named(item.zone)):%Y-%m-%d %H:%M %Z}"


def _end(found: Timeline) -> str:
    return f"{instant(found.until):%Y-%m-%dT%H:%MZ}"
