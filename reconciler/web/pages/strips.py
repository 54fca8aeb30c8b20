"""The last 24 hours of a schedule: low is fine, tall is a problem, hollow did not happen.

A strip has 96 bins of 15 minutes, and each shows its worst mark. One whose bins are half full
becomes a pale band, on which only deviations are drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from reconciler.model.runs import Run
from reconciler.model.runs_file import RunState
from reconciler.query.last_hours import Gap, LastHours
from reconciler.words import count

BINS: Final = 96
_MARKS: Final = {
    RunState.MISSED: "missed",
    RunState.FAILED: "failed",
    RunState.TIMED_OUT: "timed-out",
    RunState.START_FAILED: "overdue",
    RunState.STARTED: "running",
    RunState.QUEUED: "waiting",
    RunState.CANCELLED: "skipped",
    RunState.SKIPPED: "skipped",
    RunState.EXPIRED: "skipped",
    RunState.SUCCEEDED: "succeeded",
}
_SEEN: Final = 15
"""Minutes that a bar of what runs now takes at least."""
_WORST_FIRST: Final = tuple(dict.fromkeys(_MARKS.values()))


@dataclass(frozen=True, slots=True)
class Mark:
    """One mark: the name of its symbol, and its place in percent of the strip's width."""

    symbol: str
    x: str


@dataclass(frozen=True, slots=True)
class WakeGap:
    """A part of the strip in which no wake came: its place and its width, in percent."""

    x: str
    width: str


@dataclass(frozen=True, slots=True)
class Strip:
    """A strip.

    Attributes:
        running, waiting: from when on, where something runs or waits now.
        band: whether the runs are one pale bar, on which only deviations are marks.
        sentence: what it shows, for those who do not see it.
    """

    band: bool
    running: WakeGap | None
    waiting: WakeGap | None
    marks: tuple[Mark, ...]
    gaps: tuple[WakeGap, ...]
    sentence: str


def strip_of(name: str, hours: LastHours) -> Strip:
    """Draw the runs of one schedule."""
    runs = hours.runs.get(name, ())
    length = hours.until - hours.after
    bins: dict[int, str] = {}
    for run in runs:
        place = min(BINS - 1, (run.occurrence.at - hours.after) * BINS // length)
        mark = _MARKS[run.state]
        bins[place] = min(bins.get(place, mark), mark, key=_WORST_FIRST.index)
    band = len(bins) >= BINS // 2
    marks = tuple(
        Mark(mark, _percent(place + 0.5, BINS))
        for place, mark in sorted(bins.items())
        if mark not in ("running", "waiting") and (not band or mark != "succeeded")
    )
    gaps = tuple(_field(gap, hours) for gap in hours.gaps) if runs else ()
    return Strip(
        band,
        _open(runs, RunState.STARTED, hours),
        _open(runs, RunState.QUEUED, hours),
        marks,
        gaps,
        _sentence(runs),
    )


def _open(runs: Sequence[Run], state: RunState, hours: LastHours) -> WakeGap | None:
    """From the oldest run in this state until now."""
    first = min((run.occurrence.at for run in runs if run.state is state), default=None)
    if first is None:
        return None
    length = hours.until - hours.after
    begin = min(first - hours.after, length - _SEEN)
    return WakeGap(_percent(begin, length), _percent(length - begin, length))


def _field(gap: Gap, hours: LastHours) -> WakeGap:
    length = hours.until - hours.after
    return WakeGap(
        _percent(gap.after - hours.after, length), _percent(gap.until - gap.after, length)
    )


def _percent(part: float, whole: int) -> str:
    return f"{100 * part / whole:.1f}%"


def _sentence(runs: Sequence[Run]) -> str:
    if not runs:
        return "no occurrence in the last 24 hours"
    counts: dict[str, int] = {}
    for run in runs:
        mark = _MARKS[run.state]
        counts[mark] = counts.get(mark, 0) + 1
    parts = [f"{counts[mark]} {mark}" for mark in _WORST_FIRST if mark in counts]
    return f"{count(len(runs), 'occurrence')} in the last 24 hours: {', '.join(parts)}"
