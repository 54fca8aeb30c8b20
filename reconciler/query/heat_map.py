"""The occurrences to come, counted per hour or more: a row per schedule and slot. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from reconciler.query.timeline import Timeline

STEPS: Final = (1, 2, 3, 4, 6, 8, 12, 24, 2 * 24, 7 * 24, 14 * 24)
"""Hours that a column may stand for: days begin at the edge of one."""
ROWS: Final = 100
"""Schedules that have a row: those with the most occurrences."""
_HOUR: Final = 60


@dataclass(frozen=True, slots=True)
class HeatMap:
    """How many occurrences each column has.

    Attributes:
        step: hours that a column stands for.
        first: the first column, counted in steps from 1970 on.
        width: how many columns there are.
        schedules: per schedule the count of each column.
        slots: per slot how often it wakes in each column.
        hidden: how many schedules have no row, because others have more occurrences.
    """

    step: int
    first: int
    width: int
    schedules: Mapping[str, Sequence[int]]
    slots: Mapping[str, Sequence[int]]
    hidden: int = 0

    @property
    def columns(self) -> range:
        """The columns, counted in steps from 1970 on."""
        return range(self.first, self.first + self.width)


def heat_map(found: Timeline, most: int) -> HeatMap:
    """Count per column, with columns as short as that number of them allows.

    Args:
        most: columns that there may be.
    """
    step = next((step for step in STEPS if len(_columns(found, step)) <= most), STEPS[-1])
    columns = _columns(found, step)
    shown = fullest(found)
    return HeatMap(
        step,
        columns.start,
        len(columns),
        {name: _counts(times, columns, step) for name, times in shown.items()},
        {name: _counts(times, columns, step) for name, times in found.wakes.items()},
        len(found.rows) - len(shown),
    )


def fullest(found: Timeline) -> Mapping[str, Sequence[int]]:
    """The times of the schedules that have a row, in their order."""
    by_count = sorted(found.rows, key=lambda name: (-len(found.rows[name]), name))
    shown = frozenset(by_count[:ROWS])
    return {name: times for name, times in found.rows.items() if name in shown}


def _columns(found: Timeline, step: int) -> range:
    return range((found.after + 1) // (_HOUR * step), found.until // (_HOUR * step) + 1)


def _counts(times: Sequence[int], columns: range, step: int) -> Sequence[int]:
    counts = [0] * len(columns)
    for at in times:
        counts[at // (_HOUR * step) - columns.start] += 1
    return tuple(counts)
