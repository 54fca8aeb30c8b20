"""One schedule: how it stands, its last runs and how late they started, what comes, its rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from math import log
from typing import Final

from reconciler.cron import instant, tzinfo_named
from reconciler.dispatch.decide.nominal_times import running_times
from reconciler.durations import format_duration
from reconciler.model.runs import Run, lateness
from reconciler.model.runs_file import RunState
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.policies import Overlap
from reconciler.query.status import ScheduleStatus
from reconciler.render.when_words import when_in_words
from reconciler.web.pages.glyphs import Glyph, glyph_of
from reconciler.web.pages.listing import LONGEST, reason_of
from reconciler.web.pages.moments import Moment, moment, span

RUNS: Final = 50
NEXT: Final = 10
_FULL_HEIGHT: Final = timedelta(hours=1)
"""The delay that fills the chart, which is logarithmic."""

_OUTCOMES: Final = {
    RunState.STARTED: ("running", "Running"),
    RunState.START_FAILED: ("overdue", "Start failed"),
    RunState.QUEUED: ("waiting", "Waiting"),
    RunState.SUCCEEDED: ("succeeded", "Succeeded"),
    RunState.FAILED: ("failed", "Failed"),
    RunState.TIMED_OUT: ("timed-out", "Timed out"),
    RunState.CANCELLED: ("cancelled", "Cancelled"),
    RunState.EXPIRED: ("unknown", "Unknown"),
    RunState.MISSED: ("missed", "Missed"),
    RunState.SKIPPED: ("skipped", "Skipped"),
}
_OVERLAPS: Final = {
    Overlap.ALLOW: "allow: runs may overlap",
    Overlap.SKIP: "skip: a new occurrence is skipped while one runs",
    Overlap.QUEUE: "queue: one occurrence waits while one runs",
    Overlap.REPLACE: "replace: a new occurrence cancels the running one",
}


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run in the table.

    Attributes:
        local: the nominal time in the schedule's zone.
        delay: `+6 s`; empty where it did not start.
        said: its result, or the reason of its state.
    """

    glyph: Glyph
    local: str
    at: Moment
    delay: str
    said: str


@dataclass(frozen=True, slots=True)
class Delay:
    """A column of the chart: place and height in percent; whether it is far above the others."""

    x: str
    height: str
    is_outlier: bool


@dataclass(frozen=True, slots=True)
class SchedulePage:
    """The page of a schedule.

    Attributes:
        reason: why it is in its state; empty where the state says all.
        runs: newest first; `delays`: oldest first.
        following: the next occurrences: local time, and the moment.
        rules: what holds for it, as name and words.
    """

    name: str
    glyph: Glyph
    reason: str
    when: str
    zone: str
    description: str
    runs: tuple[RunRow, ...]
    delays: tuple[Delay, ...]
    following: tuple[tuple[str, Moment], ...]
    rules: tuple[tuple[str, str], ...]


def schedule_page(
    one: ScheduleStatus, runs: Sequence[Run], now: datetime, now_minute: int
) -> SchedulePage:
    """Put the page together.

    Args:
        runs: its newest, oldest first.
        now_minute: epoch minute after which the next occurrences lie.
    """
    record = one.record
    upcoming = islice(running_times(record, now_minute), NEXT)
    return SchedulePage(
        name=record.name,
        glyph=glyph_of(one),
        reason=reason_of(one, now),
        when=when_in_words(record.when),
        zone=record.timezone,
        description=(record.description or "")[:LONGEST],
        runs=tuple(_row(run, record.timezone, now) for run in reversed(runs)),
        delays=tuple(_delays(runs)),
        following=tuple((_local(at, record.timezone), moment(at, now)) for at in upcoming),
        rules=tuple(_rules(record)),
    )


def _row(run: Run, zone: str, now: datetime) -> RunRow:
    late = lateness(run)
    said = run.reason or run.result or ""
    return RunRow(
        glyph=Glyph(*_OUTCOMES[run.state]),
        local=_local(run.occurrence.at, zone),
        at=moment(run.occurrence.at, now, zone),
        delay="" if late is None else f"+{span(timedelta(seconds=late)) or '0 s'}",
        said=said[:LONGEST],
    )


def _local(at: int, zone: str) -> str:
    local = instant(at).astimezone(tzinfo_named(zone))
    return f"{local:%a} {local.day} {local:%b %H:%M}"


def _delays(runs: Sequence[Run]) -> Iterator[Delay]:
    """The delay of each run that started, on a logarithmic scale."""
    late = [lateness(run) for run in runs]
    known = sorted(seconds for seconds in late if seconds is not None)
    usual = known[len(known) // 2] if known else 0
    for place, seconds in enumerate(late):
        if seconds is not None:
            height = min(1.0, log(1 + seconds) / log(1 + _FULL_HEIGHT.total_seconds()))
            outlier = seconds > max(60, 10 * usual)
            yield Delay(f"{100 * (place + 0.5) / RUNS:.1f}%", f"{100 * height:.0f}%", outlier)


def _rules(record: ScheduleRecord) -> Iterator[tuple[str, str]]:
    """What holds for a schedule. The values of its arguments may be secret."""
    yield "Function", f"{record.app}/{record.function}"
    if record.args:
        yield "Arguments", ", ".join(sorted(record.args))
    yield "Overlap", _OVERLAPS[record.overlap]
    yield "Catch-up", record.catchup
    yield "Deadline", _length(record.deadline, "none")
    if record.tolerance:
        yield "Tolerance", _length(record.tolerance * 60, "none")
    yield "Timeout", _length(record.timeout, "that of the function")
    yield "Retries", str(record.retries) if record.retries else "none"
    yield "Delivery", record.delivery
    if record.owner:
        yield "Owner", record.owner[:LONGEST]
    if record.labels:
        labels = (f"{name}={value}" for name, value in sorted(record.labels.items()))
        yield "Labels", ", ".join(labels)[:LONGEST]
    if record.protect:
        yield "Protected", "deletion is refused"


def _length(seconds: int | None, otherwise: str) -> str:
    return otherwise if seconds is None else format_duration(timedelta(seconds=seconds))
