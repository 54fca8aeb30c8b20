"""A schedule's lane in the timeline: what it did, and what is to come.

Low is fine, tall is a problem, hollow did not happen, dotted waits, a ring is to come.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final, NamedTuple

from reconciler.model.runs import Run, duration
from reconciler.model.runs_file import RunState
from reconciler.web.pages.scale import Scale, ScaleSpan, percent

BAND: Final = 150
"""A lane with more marks than this becomes a band, on which only deviations are drawn."""
RINGS: Final = 14
"""Occurrences to come that are drawn as rings at most; more are ticks."""
_LATE: Final = 0.15
"""Percent of the window by which a start is drawn as late."""
_SEEN: Final = 0.3
"""Percent of the window below which the length of a run is not drawn."""
_MARKS: Final = {
    RunState.SUCCEEDED: "ok",
    RunState.FAILED: "failed",
    RunState.TIMED_OUT: "timed-out",
    RunState.MISSED: "missed",
    RunState.START_FAILED: "overdue",
    RunState.SKIPPED: "skipped",
    RunState.CANCELLED: "skipped",
    RunState.EXPIRED: "skipped",
}
_BANDS: Final = {"ok": "band", "skipped": "band-grey"}


class LaneMark(NamedTuple):
    """A mark: the name of its symbol, and its place."""

    symbol: str
    x: str


class LaneBar(NamedTuple):
    """A bar: its class, its place and its width."""

    kind: str
    x: str
    width: str


class Whisker(NamedTuple):
    """From the nominal time to a late start."""

    begin: str
    end: str


@dataclass(frozen=True, slots=True)
class TimelineLane:
    """What a lane draws.

    Attributes:
        dotted: where an occurrence waits.
        sentence: what the lane shows, in words.
    """

    bars: tuple[LaneBar, ...]
    whiskers: tuple[Whisker, ...]
    marks: tuple[LaneMark, ...]
    dotted: tuple[ScaleSpan, ...]
    sentence: str


def lane_of(
    runs: Sequence[Run], ahead: Sequence[int], overdue: int | None, scale: Scale, now: datetime
) -> TimelineLane:
    """Draw a lane.

    Args:
        runs: those of the window, in the order of nominal time.
        ahead: epoch minutes of the occurrences to come in the window.
        overdue: epoch minute of an occurrence that no wake has processed.
    """
    moment = now.timestamp() / 60
    bars: list[LaneBar] = []
    marks: list[LaneMark] = []
    whiskers: list[Whisker] = []
    dotted: list[ScaleSpan] = []
    for run in runs:
        at, begun = run.occurrence.at, _minutes(run.started)
        if run.state is RunState.QUEUED:
            dotted.append(scale.span(at, moment))
        elif run.state is RunState.STARTED and begun is not None:
            bars.append(LaneBar("running", *scale.span(begun, moment)))
        if begun is not None and scale.place(begun) - scale.place(at) > _LATE:
            whiskers.append(Whisker(scale.x(at), scale.x(begun)))
    drawn = [(_MARKS[run.state], run) for run in runs if run.state in _MARKS]
    if len(drawn) > BAND:
        bars += _bands(drawn, scale)
        drawn = [(kind, run) for kind, run in drawn if kind not in _BANDS]
    for kind, run in drawn:
        begun = _minutes(run.started)
        marks.append(LaneMark(kind, scale.x(run.occurrence.at if begun is None else begun)))
        length = duration(run)
        if begun is not None and length is not None:
            ran = scale.span(begun, begun + length / 60)
            if float(ran.width[:-1]) >= _SEEN:
                bars.append(LaneBar("ran" if kind == "ok" else "ran-badly", *ran))
    if overdue is not None and scale.holds(overdue):
        marks.append(LaneMark("overdue", scale.x(overdue)))
    if len(ahead) > BAND:
        bars.append(LaneBar("ahead", *scale.span(ahead[0], ahead[-1])))
    else:
        kind = "ring" if len(ahead) <= RINGS else "tick"
        marks += (LaneMark(kind, scale.x(at)) for at in ahead)
    return TimelineLane(
        tuple(bars), tuple(whiskers), tuple(marks), tuple(dotted), _sentence(runs, ahead)
    )


def _bands(drawn: Sequence[tuple[str, Run]], scale: Scale) -> Iterator[LaneBar]:
    """Bars over occurrences that follow one another and went alike."""
    for kind, group in groupby(drawn, key=lambda one: one[0]):
        if kind in _BANDS:
            times = [run.occurrence.at for _kind, run in group]
            x, width = scale.span(times[0], times[-1])
            yield LaneBar(_BANDS[kind], x, width if width != "0%" else percent(0.1))


def _sentence(runs: Sequence[Run], ahead: Sequence[int]) -> str:
    counts: dict[str, int] = {}
    for run in runs:
        counts[run.state.value] = counts.get(run.state.value, 0) + 1
    parts = [f"{number} {state}" for state, number in counts.items()]
    return ", ".join([*parts, f"{len(ahead)} to come"])


def _minutes(time: str | None) -> float | None:
    return None if time is None else datetime.fromisoformat(time).timestamp() / 60
