"""Why a task ran, or did not run, as a person asks it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.dispatch.history import Run
from reconciler.dispatch.occurrence import format_minute
from reconciler.dispatch.tasks import Ending, SettledTask, Task
from reconciler.report.explanation import what_happened


def explain_task(found: Task | SettledTask | None, runs: Sequence[Run], now: int) -> Iterator[str]:
    """Lines that say what became of a task, first the answer; none when nothing is known of it.

    Args:
        found: what its files say.
        runs: what the history says of its id, also of earlier uses.
        now: epoch minute.
    """
    settled = found if isinstance(found, SettledTask) else None
    task = settled.task if settled is not None else found
    told = {run.occurrence for run in runs}
    if isinstance(task, Task) and task.occurrence not in told:
        yield from _no_run(task, settled, now)
    for run in reversed(runs):
        own = isinstance(task, Task) and run.occurrence == task.occurrence
        yield from what_happened(run, task.record() if own and isinstance(task, Task) else None)


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
