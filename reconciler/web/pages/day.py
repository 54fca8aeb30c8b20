"""The last 24 hours of everything: starts above the line, what went wrong below it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from reconciler.model.pointer import Pointer
from reconciler.model.runs_file import RunState
from reconciler.query.last_hours import LastHours
from reconciler.web.pages.moments import span
from reconciler.web.pages.scale import HOUR, Hairline, Scale, Tick, percent
from reconciler.web.pages.strips import BINS
from reconciler.words import count

_FAILED: Final = frozenset({RunState.FAILED, RunState.TIMED_OUT})
_ABSENT: Final = frozenset({RunState.MISSED, RunState.START_FAILED})
_LABELLED: Final = 30
"""Minutes of a gap from which on the chart names it."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bin: heights in percent of the day's worst bin.

    Attributes:
        top: from where the part above the line begins.
        started, failed: solid, above and below the line.
        absent: missed or overdue, hollow below it.
    """

    x: str
    top: str
    started: str
    failed: str
    absent: str


@dataclass(frozen=True, slots=True)
class DayGap:
    """A field without a wake: place, width, the place of its label, and the label."""

    x: str
    width: str
    middle: str
    text: str


@dataclass(frozen=True, slots=True)
class Day:
    """The chart; `sentence` says what it shows."""

    bars: tuple[Bar, ...]
    gaps: tuple[DayGap, ...]
    ticks: tuple[Tick, ...]
    apply: Hairline | None
    sentence: str


def day_of(hours: LastHours, pointer: Pointer | None) -> Day:
    """Draw the chart."""
    scale = Scale(hours.after, hours.until)
    started, failed, absent = _counts(hours)
    worst = max([1, *started.values(), *failed.values(), *absent.values()])
    bars = [
        Bar(
            percent(100 * place / BINS),
            percent(100 - 100 * started[place] / worst),
            *(percent(100 * of[place] / worst) for of in (started, failed, absent)),
        )
        for place in range(BINS)
        if started[place] or failed[place] or absent[place]
    ]
    ticks = tuple(tick for tick in scale.ticks(3 * HOUR, now=hours.until))
    sentence = (
        f"{count(started.total(), 'start')} in the last 24 hours, {failed.total():,} failed, "
        f"{absent.total():,} missed or overdue."
    )
    return Day(tuple(bars), tuple(_gaps(hours, scale)), ticks, scale.apply(pointer), sentence)


def _counts(hours: LastHours) -> tuple[Counter[int], Counter[int], Counter[int]]:
    """Starts by when they began; what went wrong by its nominal time."""
    length = hours.until - hours.after
    started, failed, absent = Counter[int](), Counter[int](), Counter[int]()
    for (at, state, begun), number in hours.alike.items():
        place = min(BINS - 1, (at - hours.after) * BINS // length)
        if state in _ABSENT:
            absent[place] += number
        elif begun is not None:
            failed[place] += number * (state in _FAILED)
            started[min(BINS - 1, max(0, begun - hours.after) * BINS // length)] += number
    return started, failed, absent


def _gaps(hours: LastHours, scale: Scale) -> Iterator[DayGap]:
    for gap in hours.gaps:
        length = gap.until - gap.after
        text = f"no wake for {span(timedelta(minutes=length))}" if length >= _LABELLED else ""
        middle = min(94.0, max(6.0, scale.place((gap.after + gap.until) / 2)))
        yield DayGap(*scale.span(*gap), percent(middle), text)
