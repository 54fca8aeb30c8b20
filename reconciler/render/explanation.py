"""An explanation, and one run with all its details, as a person reads them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from reconciler.dispatch.decide.dependencies import WAITS_FOR
from reconciler.errors import command_line
from reconciler.foreign_text import on_one_line
from reconciler.manifest.sizes import format_memory
from reconciler.model.applied import Origin
from reconciler.model.occurrence import format_minute
from reconciler.model.runs import Run, lateness
from reconciler.model.runs_file import RunState
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.model.task import Ending
from reconciler.query.explanation import (
    Ahead,
    Beginning,
    Explanation,
    Ground,
    NotDue,
    NotInHistory,
    NotProcessed,
    NotStarted,
    NotTheTasksTime,
    Recorded,
    TaskWithoutRun,
)
from reconciler.render.runs_text import rerun_command
from reconciler.render.when_words import when_text
from reconciler.words import rough_duration


def explanation_lines(found: Explanation, environment: str | None) -> Iterator[str]:
    """Lines with the answer first, then the reasons.

    Args:
        environment: the one that commands name; None for the default.
    """
    for place, ground in enumerate(found.grounds):
        yield from ground_lines(ground, environment)
        if not place and isinstance(ground, Recorded):
            yield from repair_lines(ground.run, ground.record, environment)
    if found.deleted:
        yield "  The schedule is no longer live."
    if found.origin is not None:
        yield origin_line(found.origin)


def ground_lines(ground: Ground, environment: str | None) -> Iterator[str]:
    """Lines about one occurrence, or one use of a task's id."""
    match ground:
        case Recorded(run, record):
            yield from what_happened(run, record, environment)
        case NotDue():
            yield from _not_due(ground)
        case Ahead(occurrence, exclusion):
            what = "is still to come" if exclusion is None else f"will not run: {exclusion}"
            yield f"{occurrence.id} {what}."
        case NotProcessed(occurrence, through):
            looked = "never" if through is None else f"up to {format_minute(through)}"
            yield (
                f"{occurrence.id} has not run: no wake has looked at it yet; wakes looked {looked}."
            )
        case NotStarted(occurrence, attempt):
            yield f"{occurrence.id} has not started yet; a later wake tries attempt {attempt}."
        case NotInHistory(occurrence, newest):
            yield f"{occurrence.id} is not in the history that is kept."
            if newest is not None:
                yield f"  Its newest run there is {newest.id}."
        case NotTheTasksTime(name, at):
            yield f"{name} is not due at {format_minute(at)}: it is a task, for one time."
        case TaskWithoutRun():
            yield from _task_without_run(ground)


def origin_line(origin: Origin) -> str:
    """The commit that changed a schedule last, and when it was applied."""
    if origin.commit is None:
        return f"  The schedule was last changed by an apply without a commit, at {origin.at}."
    commit = f"commit {origin.commit[:12]}"
    if origin.author:
        commit += f" by {on_one_line(origin.author)}"
    return f"  The schedule was last changed by {commit}, applied at {origin.at}."


def run_lines(run: Run, record: ScheduleRecord | None, environment: str | None) -> Iterator[str]:
    """Everything about one run.

    Args:
        record: whose run it is; None when that is not known any more.
        environment: the one that commands name; None for the default.
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
        "with": None if record is None else resources_text(record.resources),
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
    if run.call is not None:
        yield f"  logs     {command_line(f'logs {run.occurrence.id}', environment)}"


def repair_lines(run: Run, record: ScheduleRecord | None, environment: str | None) -> Iterator[str]:
    """How to run an occurrence again, when the newest of its runs needs that.

    Args:
        record: whose run it is; what is not live any more, and a task, cannot run again.
    """
    if record is not None and record.at is None and run.state in _REPAIRED:
        yield f"  repair   {rerun_command(run.occurrence, environment)}"


_REPAIRED: Final = frozenset({RunState.MISSED, RunState.FAILED, RunState.TIMED_OUT})


def resources_text(resources: Mapping[str, Any]) -> str | None:
    """``cpu 2, memory 4Gi, gpu L4``; None for a function's own. No value of a variable is shown."""
    sizes = [key for key in ("cpu", "memory", "gpu") if key in resources]
    names = [key for key in ("env", "secrets", "volumes", "region") if key in resources]
    parts = [f"{key} {_size(key, resources[key])}" for key in sizes]
    for key in names:
        named = (one if isinstance(one, str) else one["name"] for one in resources[key])
        parts.append(f"{key} {', '.join(named)}")
    return ", ".join(parts) or None


def _size(key: str, value: Any) -> str:
    show = format_memory if key == "memory" else str
    return " to ".join(map(show, value if isinstance(value, list) else [value]))


def what_happened(
    run: Run, record: ScheduleRecord | None, environment: str | None
) -> Iterator[str]:
    """The outcome of an occurrence, first the answer, then the rest."""
    match run.state:
        case RunState.MISSED | RunState.SKIPPED:
            yield f"{run.occurrence.id} did not run: it was {run.state.value}, {run.reason}."
        case RunState.START_FAILED:
            yield f"{run.occurrence.id} has not started yet: {run.reason}."
        case RunState.QUEUED:
            # What waits for other schedules says so itself.
            waits = "" if (run.reason or "").startswith(WAITS_FOR) else "waits: "
            yield f"{run.occurrence.id} {waits}{run.reason}."
        case _:
            late = _lateness(run)
            yield f"{run.occurrence.id} ran{late}; {run.state.value}."
    yield from list(run_lines(run, record, environment))[1:]


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


def _not_due(ground: NotDue) -> Iterator[str]:
    record, at, beginning = ground.record, ground.at, ground.beginning
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
    of = f" are those of {record.after[0].name}" if record.follows else ""
    yield f"  Its times{of}: {when_text(record.when)} in {record.timezone}."
    if ground.following is not None:
        yield f"  The next one is {format_minute(ground.following)}."


def _task_without_run(ground: TaskWithoutRun) -> Iterator[str]:
    task, settled = ground.task, ground.settled
    name = task.occurrence.id
    if settled is not None:
        call = f", as call {settled.call}" if settled.call else ""
        reason = f": {settled.reason}" if settled.reason else ""
        yield f"{name} was {settled.ending.value} at {settled.at}{call}{reason}."
        if settled.ending is Ending.STARTED:
            yield "  More of it is not in the history that is kept."
    elif ground.ahead:
        yield f"{name} is still to come."
    else:
        since = "then" if task.created <= task.at else "it was created"
        yield f"{name} has not started yet: no wake has come since {since}."
    yield f"  calls    {task.app}/{task.function}"
    yield f"  created  {format_minute(task.created)}"
