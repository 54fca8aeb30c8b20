"""The last runs of a schedule as two charts on one axis: how late they started, how long they took.

Every run is drawn, a column for each, the oldest at the left.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, log
from typing import Final

from reconciler.cron import instant, tzinfo_named
from reconciler.model.applied import Applied
from reconciler.model.runs import Run, duration, lateness
from reconciler.model.runs_file import RunState
from reconciler.web.pages.moments import span
from reconciler.web.pages.scale import Hairline, percent

FULL_HEIGHT: Final = timedelta(hours=1)
"""The delay that fills the chart, which is logarithmic."""
_STEPS: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)
"""Seconds between the lines of the chart of durations, of which there are at most four."""
_KINDS: Final = {
    RunState.FAILED: "failed",
    RunState.TIMED_OUT: "timed-out",
    RunState.STARTED: "running",
}


@dataclass(frozen=True, slots=True)
class ChartColumn:
    """A run: place, height from the top and height; and its label, where it has one."""

    x: str
    y: str
    height: str
    kind: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class RunCharts:
    """The two charts.

    Attributes:
        width: of a column.
        lines: of the chart of durations: height from the top, and label.
        timeout: where its line is, and its label; None where it is out of the chart.
        changes: of the zone's clock; `applies` those that came between two of the runs.
        sentence: what the charts show, in words.
    """

    delays: tuple[ChartColumn, ...]
    durations: tuple[ChartColumn, ...]
    width: str
    lines: tuple[Hairline, ...]
    timeout: Hairline | None
    changes: tuple[Hairline, ...]
    applies: tuple[Hairline, ...]
    first: str
    sentence: str


def run_charts(
    runs: Sequence[Run],
    applies: Sequence[Applied],
    name: str,
    zone: str,
    timeout: int | None,
    now: datetime,
) -> RunCharts:
    """Draw the runs.

    Args:
        runs: oldest first.
        applies: newest first; only those that changed the schedule are named.
        timeout: of one try, in seconds.
    """
    number = max(1, len(runs))
    lengths = [_length(run, now) for run in runs]
    longest = max((length for length in lengths if length is not None), default=1)
    top = longest * 1.08
    if timeout is not None and timeout <= 4 * longest:
        top = max(top, timeout * 1.08)
    step = next((one for one in _STEPS if top / one <= 4), _STEPS[-1] * ceil(top / _STEPS[-1] / 4))
    durations = [
        ChartColumn(
            percent(100 * place / number),
            percent(100 - 100 * length / top),
            percent(100 * length / top),
            _KINDS.get(run.state, "ran"),
        )
        for place, (run, length) in enumerate(zip(runs, lengths, strict=True))
        if length is not None
    ]
    return RunCharts(
        delays=tuple(_delays(runs, number)),
        durations=tuple(durations),
        width=percent(72 / number),
        lines=tuple(
            Hairline(percent(100 - 100 * at / top), span(timedelta(seconds=at)))
            for at in range(step, int(top), step)
        ),
        timeout=None
        if timeout is None or timeout > top
        else Hairline(
            percent(100 - 100 * timeout / top), f"timeout {span(timedelta(seconds=timeout))}"
        ),
        changes=tuple(_clock_changes(runs, zone, number)),
        applies=tuple(_applies(runs, applies, name, number)),
        first=_day(runs[0], zone) if runs else "",
        sentence=_sentence(runs, lengths),
    )


def _length(run: Run, now: datetime) -> float | None:
    if run.state is RunState.STARTED and run.started is not None:
        return max(1.0, (now - datetime.fromisoformat(run.started)).total_seconds())
    return duration(run)


def _delays(runs: Sequence[Run], number: int) -> Iterator[ChartColumn]:
    """The delay of each run that started, on a logarithmic scale."""
    late = [lateness(run) for run in runs]
    known = sorted(seconds for seconds in late if seconds is not None)
    usual = known[len(known) // 2] if known else 0
    for place, seconds in enumerate(late):
        if seconds is not None:
            height = min(1.0, log(1 + seconds) / log(1 + FULL_HEIGHT.total_seconds()))
            outlier = seconds > max(60, 10 * usual)
            yield ChartColumn(
                percent(100 * (place + 0.36) / number),
                percent(100 - 100 * height),
                percent(100 * height),
                "late" if outlier else "delay",
                span(timedelta(seconds=seconds)) if outlier else "",
            )


def _clock_changes(runs: Sequence[Run], zone: str, number: int) -> Iterator[Hairline]:
    info, before = tzinfo_named(zone), None
    for place, run in enumerate(runs):
        offset = instant(run.occurrence.at).astimezone(info).utcoffset()
        if before is not None and offset is not None and offset != before:
            hours = (offset - before).total_seconds() / 3600
            sign = "+" if hours > 0 else "\N{MINUS SIGN}"
            yield Hairline(percent(100 * place / number), f"clock change {sign}{abs(hours):g} h")
        before = offset


def _applies(
    runs: Sequence[Run], applies: Sequence[Applied], name: str, number: int
) -> Iterator[Hairline]:
    for one in reversed(applies):
        at = datetime.fromisoformat(one.pointer.at).timestamp() / 60
        place = sum(run.occurrence.at < at for run in runs)
        if 0 < place < len(runs):
            named = (one.pointer.commit or "")[:7] if changed_by(one, name) else ""
            yield Hairline(percent(100 * place / number), named)


def changed_by(one: Applied, name: str) -> bool:
    """Whether an apply changed a schedule."""
    origin = one.origins.get(name)
    return origin is not None and origin.at == one.pointer.at


def _day(run: Run, zone: str) -> str:
    local = instant(run.occurrence.at).astimezone(tzinfo_named(zone))
    return f"{local.day} {local:%b}"


def _sentence(runs: Sequence[Run], lengths: Sequence[float | None]) -> str:
    took = [length for length in lengths if length is not None]
    if not took:
        return "No run has ended yet."
    shortest, longest = (span(timedelta(seconds=at)) or "0 s" for at in (min(took), max(took)))
    failed = sum(run.state in (RunState.FAILED, RunState.TIMED_OUT) for run in runs)
    return f"{len(took)} runs took {shortest} to {longest}; {failed} failed or timed out."
