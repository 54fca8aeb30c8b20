"""The occurrences to come, over all schedules: as lines, as JSON."""

from __future__ import annotations

from typing import Any

from reconciler.cron import instant, tzinfo_named
from reconciler.foreign_text import as_lines
from reconciler.model.occurrence import format_minute
from reconciler.query.timeline import Timeline, Upcoming
from reconciler.render.json_format import OUTPUT_FORMAT


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


def _local(item: Upcoming) -> str:
    if item.zone == "UTC":
        return ""
    return f"{instant(item.at).astimezone(tzinfo_named(item.zone)):%Y-%m-%d %H:%M %Z}"


def _end(found: Timeline) -> str:
    return f"{instant(found.until):%Y-%m-%dT%H:%MZ}"
