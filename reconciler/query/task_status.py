"""Which tasks want a look. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from reconciler.model.history import Run
from reconciler.model.runs_file import NEEDS_ATTENTION
from reconciler.model.task import is_task
from reconciler.query.status import Tasks, TaskStatus

SHOWN_FOR: Final = 24 * 60
"""Minutes after its time for which a task that failed needs attention: no later run replaces it."""


@dataclass(frozen=True, slots=True)
class DueTask:
    """A task whose hour has come, and that no wake has settled.

    Attributes:
        name: as in the history.
        at: epoch minute of its time.
        since: epoch minute from which on a wake could have started it.
        unreadable: why nobody can read it, None when it can be read.
    """

    name: str
    at: int
    since: int
    unreadable: str | None = None


def tasks_of(
    *,
    pending: int,
    due: Iterable[DueTask],
    runs: Iterable[Run],
    punctuality: int,
    now: int,
) -> Tasks:
    """Put together how tasks stand.

    Args:
        pending: how many are to run.
        runs: what is known of all runs.
        punctuality: seconds that a wake may be late and still count as in time.
        now: epoch minute.
    """
    late = now - max(1, punctuality // 60)
    wanting = {}
    for task in due:
        if task.unreadable is not None:
            wanting[task.name] = TaskStatus(task.name, task.at, "unreadable", task.unreadable)
        elif task.since < late:
            wanting[task.name] = TaskStatus(task.name, task.at, "overdue")
    for run in runs:
        name, at = run.occurrence
        if is_task(name) and run.state in NEEDS_ATTENTION and at > now - SHOWN_FOR:
            wanting.setdefault(name, TaskStatus(name, at, run.state.value, run.reason))
    return Tasks(pending, tuple(sorted(wanting.values(), key=lambda task: (task.at, task.name))))
