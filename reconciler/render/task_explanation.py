"""Why a task ran, or did not run, as a person asks it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from reconciler.model.history import Run
from reconciler.model.occurrence import format_minute
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.model.task import Ending, SettledTask, Task
from reconciler.render.explanation import what_happened
from reconciler.render.logs import Logs


def explain_task(
    found: Task | SettledTask | None,
    runs: Sequence[Run],
    now: int,
    logs: Logs,
    *,
    at: int | None = None,
    records: Mapping[str, ScheduleRecord] | None = None,
) -> Iterator[str]:
    """Lines that say what became of a task, first the answer; none when nothing is known of it.

    Args:
        found: what its files say.
        runs: what the history says of its id, also of earlier uses.
        now: epoch minute.
        logs: where runs have theirs.
        at: epoch minute that was asked for; None for whichever its time is.
        records: by the names of the runs, of earlier uses that are remembered.
    """
    settled = found if isinstance(found, SettledTask) else None
    task = settled.task if settled is not None else found
    known = {**(records or {})}
    times = [run.occurrence for run in runs]
    if isinstance(task, Task):
        known[task.name] = task.record()
        if task.occurrence not in times:
            times.append(task.occurrence)
    asked = [occurrence for occurrence in times if at in (None, occurrence.at)]
    if at is not None and times and not asked:
        yield f"{times[-1].name} is not due at {format_minute(at)}: it is a task, for one time."
        asked = times
    if isinstance(task, Task) and task.occurrence in asked and _has_no_run(task, runs):
        yield from _no_run(task, settled, now)
    for run in reversed(runs):
        if run.occurrence in asked:
            yield from what_happened(run, known.get(run.occurrence.name), logs)


def _has_no_run(task: Task, runs: Sequence[Run]) -> bool:
    return all(run.occurrence != task.occurrence for run in runs)


def _no_run(task: Task, settled: SettledTask | None, now: int) -> Iterator[str]:
    name = task.occurrence.id
    if settled is not None:
        call = f", as call {settled.call}" if settled.call else ""
        reason = f": {settled.reason}" if settled.reason else ""
        yield f"{name} was {settled.ending.value} at {settled.at}{call}{reason}."
        if settled.ending is Ending.STARTED:
            yield "  More of it is not in the history that is kept."
    elif task.at > now:
        yield f"{name} is due then."
    else:
        since = "then" if task.created <= task.at else "it was created"
        yield f"{name} has not started yet: no wake has come since {since}."
    yield f"  calls    {task.app}/{task.function}"
    yield f"  created  {format_minute(task.created)}"
