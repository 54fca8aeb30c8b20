"""Why an occurrence ran, or did not run, as a person asks it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from reconciler.dispatch.decide.nominal_times import exclusion, nominal_times, running_times
from reconciler.foreign_text import on_one_line
from reconciler.model.cursor import Cursor
from reconciler.model.generation import Generation
from reconciler.model.history import Run, lateness
from reconciler.model.occurrence import Occurrence, format_minute
from reconciler.model.runs_file import RunState
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.render.logs import Logs
from reconciler.words import rough_duration


@dataclass(frozen=True, slots=True)
class Beginning:
    """What is known of the time from which on a schedule counts, which is its anchor.

    Attributes:
        known: whether it was new, changed or resumed then; a generation of an earlier version does
            not tell that from a schedule that was rebuilt after it was lost.
        rebuilt: the epoch minute at which it was rebuilt after it was lost; None when it was not.
    """

    known: bool = False
    rebuilt: int | None = None

    @classmethod
    def of(cls, generation: Generation, name: str) -> Self:
        """That of a schedule of a generation."""
        rebuilt = generation.rebuilt.get(name)
        return cls(rebuilt is None and name in generation.begun, rebuilt)


def explain(
    record: ScheduleRecord,
    at: int,
    runs: Iterable[Run],
    cursor: Cursor,
    now: int,
    logs: Logs,
    beginning: Beginning = Beginning(),
) -> Iterator[str]:
    """Lines that say what became of one nominal time, first the answer, then the grounds.

    Args:
        at: epoch minute that was asked for.
        runs: all that is known.
        now: epoch minute.
        logs: where runs have theirs.
        beginning: of the schedule.
    """
    occurrence = record.occurrence(at)
    run = next((run for run in runs if run.occurrence == occurrence), None)
    if run is not None:
        yield from what_happened(run, record, logs)
        return
    if not nominal_times(record, at - 1, at):
        yield from _no_occurrence(record, at, beginning)
        return
    reason = exclusion(record, at)
    if at > now:
        verb = "does not run" if reason else "is due"
        yield f"{occurrence.id} {verb} then{f': {reason}' if reason else ''}."
    elif cursor.through is None or at > cursor.through:
        through = "never" if cursor.through is None else f"up to {format_minute(cursor.through)}"
        yield f"{occurrence.id} has not run: no wake has looked at it yet; wakes looked {through}."
    elif occurrence.id in cursor.pending:
        attempt = cursor.pending[occurrence.id]
        yield f"{occurrence.id} has not started yet; a later wake tries attempt {attempt}."
    else:
        yield f"{occurrence.id} is not in the history that is kept."


def explain_deleted(name: str, at: int, runs: Sequence[Run], logs: Logs) -> Iterator[str]:
    """The same of a schedule that is no longer live: what the history has of it.

    Args:
        runs: all that are known of it, oldest first.
    """
    asked = Occurrence(name, at)
    found = next((run for run in runs if run.occurrence == asked), None)
    if found is not None:
        yield from what_happened(found, None, logs)
    else:
        yield f"{asked.id} is not in the history that is kept."
        if runs:
            yield f"  Its newest run there is {runs[-1].occurrence.id}."
    yield "  The schedule is no longer live."


def origin_line(commit: str | None, author: str | None, at: str) -> str:
    """What made a schedule what it is.

    Args:
        commit, author: None outside git.
        at: when it was applied, ISO 8601.
    """
    by = f" by {on_one_line(author)}" if author else ""
    made = "without a commit" if commit is None else f"by commit {commit[:12]}{by}"
    return f"  The schedule is as it was made {made}, applied at {at}."


def run_lines(run: Run, record: ScheduleRecord | None, logs: Logs) -> Iterator[str]:
    """Everything about one run.

    Args:
        record: whose run it is; None when that is not known any more.
    """
    yield f"{run.occurrence.id}  {run.state.value}"
    rows = {
        "started": run.started,
        "attempt": str(run.attempt) if run.attempt > 1 else None,
        "call": run.call,
        "reason": run.reason,
        "result": run.result,
        "seen": run.seen,
        "by": f"wake {run.wake} of {run.slot}",
    }
    for label, value in rows.items():
        if value is not None:
            yield f"  {label:8} {value}"
    for decision in run.decisions:
        # That of the present state is the reason above.
        if decision.reason != run.reason:
            yield f"  {'decided':8} {decision.at} {decision.state.value}: {decision.reason}"
    for line in run.tries:
        yield f"  try      {line}"
    command = logs.command(run, record)
    if command is not None:
        yield f"  logs     {command}"


def what_happened(run: Run, record: ScheduleRecord | None, logs: Logs) -> Iterator[str]:
    """What became of an occurrence, first the answer, then the rest."""
    match run.state:
        case RunState.MISSED | RunState.SKIPPED:
            yield f"{run.occurrence.id} did not run: it was {run.state.value}, {run.reason}."
        case RunState.START_FAILED:
            yield f"{run.occurrence.id} has not started yet: {run.reason}."
        case RunState.QUEUED:
            yield f"{run.occurrence.id} waits: {run.reason}."
        case _:
            late = _lateness(run)
            yield f"{run.occurrence.id} ran{late}; {run.state.value}."
    yield from list(run_lines(run, record, logs))[1:]


def _lateness(run: Run) -> str:
    if run.started is None:
        return ""
    seconds = lateness(run)
    return "" if seconds is None or seconds < 60 else f", {rough_duration(seconds)} late"


def _why_from_then(beginning: Beginning) -> str:
    if beginning.rebuilt is not None:
        return (
            "The generation that was live was lost, and rebuilt from git at "
            f"{format_minute(beginning.rebuilt)}: how the schedule was before is not known."
        )
    if beginning.known:
        return "It was new, changed or resumed then."
    return "It was new, changed or resumed then, or rebuilt from then after it was lost."


def _no_occurrence(record: ScheduleRecord, at: int, beginning: Beginning) -> Iterator[str]:
    before = at <= record.anchor
    if before and beginning.rebuilt is not None:
        yield f"Whether {record.name} was due at {format_minute(at)} is not known."
    else:
        yield f"{record.name} is not due at {format_minute(at)}."
    if before:
        yield f"  Its times count from {format_minute(record.anchor)} on."
        yield f"  {_why_from_then(beginning)}"
    if record.start is not None and at < record.start:
        yield f"  It starts at {format_minute(record.start)}."
    if record.end is not None and at >= record.end:
        yield f"  It ended at {format_minute(record.end)}."
    if record.at is not None:
        yield f"  It is a task for {format_minute(record.at)}."
        return
    yield f"  Its times are {' and '.join(record.when)} in {record.timezone}."
    following = next(running_times(record, at), None)
    if following is not None:
        yield f"  The next one is {format_minute(following)}."
