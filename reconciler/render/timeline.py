"""The occurrences to come, over all schedules: as lines, as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from reconciler import words
from reconciler.cron import instant, tzinfo_named
from reconciler.foreign_text import as_lines
from reconciler.model.occurrence import format_minute
from reconciler.query.timeline import Timeline, Upcoming
from reconciler.render.effect_words import listed_times
from reconciler.render.json_format import OUTPUT_FORMAT

_FURTHER: Final = 2
"""Occurrences after the next that a line names; the others are counted."""


def timeline_text(found: Timeline, count: int) -> str:
    """Of several schedules a line each, in the order of the next occurrence; of one schedule a line
    per occurrence. The first ``count`` of them."""
    groups: dict[str, list[Upcoming]] = {}
    for item in found.occurrences:
        groups.setdefault(item.name, []).append(item)
    rows = list(groups.values())
    if len(rows) == 1:
        rows = [[item] for item in rows[0]]
    width = max((len(row[0].name) for row in rows[:count]), default=0)
    local = max((len(_local(row[0])) for row in rows[:count]), default=0)
    lines = [
        f"{format_minute(row[0].at)}  {row[0].name:{width}}  {_local(row[0]):{local}}  "
        f"{_then(row)}".rstrip()
        for row in rows[:count]
    ]
    lines += [f"{'suspended':17}  {name}" for name in found.suspended]
    if len(rows) > count:
        noun = "more occurrence" if len(groups) == 1 else "more schedule"
        lines.append(f"and {words.count(len(rows) - count, noun)} until {_end(found)}")
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
                "after": list(item.after),
            }
            for item in found.occurrences[:count]
        ],
        "suspended": list(found.suspended),
    }


def _then(row: Sequence[Upcoming]) -> str:
    """``then 17:00Z, 18:00Z and 40 more, after extract``: the further occurrences of a schedule,
    and what has to come before each."""
    before = f"after {' and '.join(row[0].after)}" if row[0].after else ""
    if len(row) == 1:
        return before
    shown = listed_times([item.at for item in row[: 1 + _FURTHER]]).partition(", ")[2]
    left = len(row) - 1 - _FURTHER
    more = f" and {left:,} more" if left > 0 else ""
    return f"then {shown}{more}" + (f", {before}" if before else "")


def _local(item: Upcoming) -> str:
    if item.zone == "UTC":
        return ""
    return f"{instant(item.at).astimezone(tzinfo_named(item.zone)):%Y-%m-%d %H:%M %Z}"


def _end(found: Timeline) -> str:
    return f"{instant(found.until):%Y-%m-%dT%H:%MZ}"
