"""What happens next as a map for terminals: a row per schedule and slot, a column per hour or more.

A darker cell holds more occurrences; columns are as short as the width allows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from reconciler.cron import instant
from reconciler.render.style import Style
from reconciler.render.timeline import Timeline
from reconciler.words import count

SHADES: Final = " ▁▂▃▄▅▆▇█"
"""From no occurrence in a cell to the most that any cell of the map has."""
STEPS: Final = (1, 2, 3, 4, 6, 8, 12, 24, 2 * 24, 7 * 24, 14 * 24)
"""Hours that a column may stand for: days begin at the edge of one."""
NARROWEST: Final = 12
"""Columns at least, however long the names are."""
MOST: Final = 96
"""Columns at most, however wide the terminal is."""
ROWS: Final = 100
"""Schedules shown, those with the most occurrences."""
_HOUR: Final = 60


def heat_map(found: Timeline, style: Style, columns: int) -> str:
    """The map, several lines.

    Args:
        columns: the width of the terminal.
    """
    shown = _fullest(found.rows)
    named = {**shown, **found.wakes}
    width = max((len(name) for name in named), default=0)
    digits = max((len(f"{len(times):,}") for times in named.values()), default=0)
    step = _step(found, columns - width - digits - 4)
    cells = _cells(found, step)
    return "\n".join(
        (
            *_scale(cells, step, width, style),
            *_rows(shown, cells, step, width),
            style.bold("Slots"),
            *_rows(found.wakes, cells, step, width),
            style.dim(_legend(found, step)),
        )
    )


def _step(found: Timeline, room: int) -> int:
    """The fewest hours per column with which all fits."""
    room = min(MOST, max(NARROWEST, room))
    return next((step for step in STEPS if len(_cells(found, step)) <= room), STEPS[-1])


def _cells(found: Timeline, step: int) -> range:
    """The columns, counted from 1970 on."""
    return range((found.after + 1) // (_HOUR * step), found.until // (_HOUR * step) + 1)


def _scale(cells: range, step: int, width: int, style: Style) -> Iterator[str]:
    """Two lines, the dates and the hours; the second only while days are wide enough."""
    starts = {cell: cell * step for cell in cells}
    first = {cell: hour for cell, hour in starts.items() if hour % 24 < step}
    days = {cell: f"{instant(hour * _HOUR):%m-%d}" for cell, hour in first.items()}
    yield style.dim(_marked(cells, days, width))
    every = 6 if step == 1 else 12
    if step <= 4:
        clock = {cell: f"{hour % 24:02}" for cell, hour in starts.items() if hour % every < step}
        yield style.dim(_marked(cells, clock, width))


def _marked(cells: range, marks: Mapping[int, str], width: int) -> str:
    """The marks at their columns, but for those that the one before leaves no room for."""
    line = ""
    for cell, mark in marks.items():
        at = cell - cells.start
        if at == 0 or len(line) < at:
            line = line.ljust(at) + mark
    return f"{'':{width}}  {line}"


def _fullest(rows: Mapping[str, Sequence[int]]) -> Mapping[str, Sequence[int]]:
    """The rows that are shown, in their order."""
    by_count = sorted(rows, key=lambda name: (-len(rows[name]), name))
    shown = set(by_count[:ROWS])
    return {name: times for name, times in rows.items() if name in shown}


def _rows(rows: Mapping[str, Sequence[int]], cells: range, step: int, width: int) -> Iterator[str]:
    counted = {name: _per_cell(times, cells, step) for name, times in rows.items()}
    most = max((max(counts, default=0) for counts in counted.values()), default=0)
    for name, counts in counted.items():
        shades = "".join(_shade(number, most) for number in counts)
        yield f"{name:{width}}  {shades}  {sum(counts):,}"


def _per_cell(times: Sequence[int], cells: range, step: int) -> list[int]:
    counts = [0] * len(cells)
    for at in times:
        counts[at // (_HOUR * step) - cells.start] += 1
    return counts


def _shade(number: int, most: int) -> str:
    """Any occurrence shows, however many the fullest cell has."""
    steps = len(SHADES) - 1
    return SHADES[0] if number == 0 else SHADES[max(1, round(number * steps / most))]


def _legend(found: Timeline, step: int) -> str:
    column = count(step, "hour") if step <= 24 else count(step // 24, "day")
    hidden = len(found.rows) - ROWS
    more = f"; {count(hidden, 'schedule')} with fewer occurrences not shown" if hidden > 0 else ""
    what = f"a column is {column} in UTC; darker cells have more occurrences"
    return f"{what}; the total is at the end{more}"
