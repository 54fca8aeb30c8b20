"""One schedule: how it stands, its last runs, how late they started and how long they took, what
comes, its rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from reconciler.cron import instant, minute
from reconciler.dispatch.decide.nominal_times import running_times
from reconciler.durations import format_duration
from reconciler.model.applied import Applied
from reconciler.model.runs import Run, duration, lateness
from reconciler.model.runs_file import RunState
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.plan.changes import describe_condition
from reconciler.policies import Overlap
from reconciler.query.status import ScheduleStatus, Status
from reconciler.render.when_words import when_in_words
from reconciler.web.pages.backfills import BackfillRow, backfill_rows
from reconciler.web.pages.commands import command_of, trouble_of
from reconciler.web.pages.glyphs import Glyph, glyph_of
from reconciler.web.pages.listing import LONGEST, reason_of
from reconciler.web.pages.moments import Moment, moment, span
from reconciler.web.pages.occurrence import local_time, sentences_of
from reconciler.web.pages.outcomes import OUTCOMES
from reconciler.web.pages.run_charts import RunCharts, changed_by, run_charts

RUNS: Final = 50
NEXT: Final = 10
DEPENDANTS: Final = 20
"""Schedules that wait for it and are named; more are counted."""
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
        local: the nominal time in the schedule's zone; `utc` the time of day in UTC.
        delay: `+6 s`; empty where it did not start.
        took: empty where that is not known.
        said: its result, or the reason of its state.
        applied: the applies between this run and the next older one, each in words.
    """

    glyph: Glyph
    local: str
    utc: str
    at: Moment
    delay: str
    took: str
    said: str
    applied: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class SchedulePage:
    """The page of a schedule.

    Attributes:
        reason: why it is in its state; empty where the state says all.
        occurrence: the title of its newest occurrence; `sentences` about it, and the `command` that
            helps; empty where there is none.
        runs: newest first.
        following: the next occurrences: local time, and the moment.
        rules: what holds for it, as name and words.
        backfills: those of it that are not over.
        upstreams: the schedules that it waits for, each with the condition in words.
        dependants: the schedules that wait for it; `others` counts those that are not named.
    """

    name: str
    glyph: Glyph
    reason: str
    when: str
    zone: str
    description: str
    occurrence: str
    sentences: tuple[str, ...]
    command: str
    runs: tuple[RunRow, ...]
    charts: RunCharts
    following: tuple[tuple[str, Moment], ...]
    rules: tuple[tuple[str, str], ...]
    backfills: tuple[BackfillRow, ...]
    upstreams: tuple[tuple[str, str], ...]
    dependants: tuple[str, ...]
    others: int


def schedule_page(
    status: Status,
    one: ScheduleStatus,
    runs: Sequence[Run],
    applies: Sequence[Applied],
    environment: str,
    now: datetime,
) -> SchedulePage:
    """Put the page together.

    Args:
        one: the schedule, one of the status.
        runs: its newest, oldest first.
        applies: the newest, newest first.
        environment: as the command line names it.
    """
    record = one.record
    upcoming = islice(running_times(record, minute(now)), NEXT)
    sentences = sentences_of(one, runs, now)
    return SchedulePage(
        name=record.name,
        glyph=glyph_of(one),
        reason=reason_of(one, now),
        when=when_in_words(record.when),
        zone=record.timezone.rpartition("/")[2].replace("_", " "),
        description=(record.description or "")[:LONGEST],
        occurrence=local_time(trouble_of(one), record.timezone) if sentences else "",
        sentences=sentences,
        command=command_of(one, environment),
        runs=tuple(_rows(record, runs, applies, now)),
        charts=run_charts(runs, applies, record.name, record.timezone, record.timeout, now),
        following=tuple((local_time(at, record.timezone), moment(at, now)) for at in upcoming),
        rules=tuple(_rules(record)),
        backfills=tuple(
            row for row in backfill_rows(status, environment) if row.name == record.name
        ),
        upstreams=tuple(
            (upstream.name, describe_condition(upstream, follows=record.follows))
            for upstream in record.after
        ),
        dependants=record.dependants[:DEPENDANTS],
        others=max(0, len(record.dependants) - DEPENDANTS),
    )


def _rows(
    record: ScheduleRecord, runs: Sequence[Run], applies: Sequence[Applied], now: datetime
) -> Iterator[RunRow]:
    """The runs, newest first."""
    older = [run.occurrence.at for run in runs[:-1]]
    for run, before in zip(reversed(runs), (*reversed(older), None), strict=False):
        late, took = lateness(run), duration(run)
        if run.state is RunState.STARTED and run.started is not None:
            took = int((now - datetime.fromisoformat(run.started)).total_seconds())
        yield RunRow(
            glyph=Glyph(*OUTCOMES[run.state]),
            local=local_time(run.occurrence.at, record.timezone),
            utc=f"{instant(run.occurrence.at):%H:%M}Z",
            at=moment(run.occurrence.at, now, record.timezone),
            delay="" if late is None else f"+{span(timedelta(seconds=late)) or '0 s'}",
            took="" if took is None else span(timedelta(seconds=took)) or "0 s",
            said=(run.reason or run.result or "")[:LONGEST],
            applied=tuple(
                _applied(one, record.name, now)
                for one in applies
                if before is not None and before < _applied_at(one) <= run.occurrence.at
            ),
        )


def _applied(one: Applied, name: str, now: datetime) -> tuple[str, str]:
    """An apply: its commit, and when it was and whether it changed the schedule."""
    changed = "changed this schedule" if changed_by(one, name) else "did not change this schedule"
    when = moment(_applied_at(one), now).text
    return (one.pointer.commit or "")[:7], f"applied {when} \N{MIDDLE DOT} {changed}"


def _applied_at(one: Applied) -> int:
    return minute(datetime.fromisoformat(one.pointer.at))


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
