"""What happens next as a map for terminals: a row per schedule and slot, a column per hour or more.

A darker cell holds more occurrences; columns are as short as the width allows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from reconciler.cron import instant
from reconciler.query.heat_map import HeatMap, fullest, heat_map
from reconciler.query.timeline import Timeline
from reconciler.render.style import Style
from reconciler.words import count

SHADES: Final = " ▁▂▃▄▅▆▇█"
"""From no occurrence in a cell to the most that any cell of the map has."""
NARROWEST: Final = 12
"""Columns at least, however long the names are."""
MOST: Final = 96
"""Columns at most, however wide the terminal is."""
_HOUR: Final = 60


def heat_map_text(found: Timeline, style: Style, columns: int) -> str:
    """The map, several lines.

    Args:
        columns: the width of the terminal.
    """
    named = {**fullest(found), **found.wakes}
    width = max((len(name) for name in named), default=0)
    digits = max((len(f"{len(times):,}") for times in named.values()), default=0)
    counted = heat_map(found, min(MOST, max(NARROWEST, columns - width - digits - 4)))
    return "\n".join(
        (
            *_scale(counted, width, style),
            *_rows(counted.schedules, width),
            style.bold("Slots"),
            *_rows(counted.slots, width),
            style.dim(_legend(counted)),
        )
    )


def _scale(counted: HeatMap, width: int, style: Style) -> Iterator[str]:
    """Two lines, the dates and the hours; the second only while days are wide enough."""
    step, columns = counted.step, counted.columns
    starts = {column: column * step for column in columns}
    first = {column: hour for column, hour in starts.items() if hour % 24 < step}
    days = {column: f"{instant(hour * _HOUR):%m-%d}" for column, hour in first.items()}
    yield style.dim(_marked(columns, days, width))
    every = 6 if step == 1 else 12
    if step <= 4:
        clock = {
            column: f"{hour % 24:02}" for column, hour in starts.items() if hour % every < step
        }
        yield style.dim(_marked(columns, clock, width))


def _marked(columns: range, marks: Mapping[int, str], width: int) -> str:
    """The marks at their columns, but for those that the one before leaves no room for."""
    line = ""
    for column, mark in marks.items():
        at = column - columns.start
        if at == 0 or len(line) < at:
            line = line.ljust(at) + mark
    return f"{'':{width}}  {line}"


def _rows(rows: Mapping[str, Sequence[int]], width: int) -> Iterator[str]:
    most = max((max(counts, default=0) for counts in rows.values()), default=0)
    for name, counts in rows.items():
        shades = "".join(_shade(number, most) for number in counts)
        yield f"{name:{width}}  {shades}  {sum(counts):,}"


def _shade(number: int, most: int) -> str:
    """Any occurrence shows, however many the fullest cell has."""
    steps = len(SHADES) - 1
    return SHADES[0] if number == 0 else SHADES[max(1, round(number * steps / most))]


def _legend(counted: HeatMap) -> str:
    step, hidden = counted.step, counted.hidden
    column = count(step, "hour") if step <= 24 else count(step // 24, "day")
    more = f"; {count(hidden, 'schedule')} with fewer occurrences not shown" if hidden else ""
    what = f"a column is {column} in UTC; darker cells have more occurrences"
    return f"{what}; the total is at the end{more}"
