"""What tasks that programs create are called: in the history, and as files on the Volume.

Apart from what a task is, because every wake has to tell a task from a schedule, and few meet one.
"""

from __future__ import annotations

from typing import Final

from reconciler.cron import instant

TASKS_FOLDER: Final = "tasks"
SETTLED_FOLDER: Final = "settled"
NAME_PREFIX: Final = "task/"
"""What the history has before a task's id; no schedule's name holds a slash."""


def is_task(name: str) -> bool:
    """Whether a name in the history is that of a task that a program created."""
    return name.startswith(NAME_PREFIX)


def task_key(task_id: str, edition: int) -> str:
    """An id, and which of its editions is meant unless it is the first."""
    return task_id if edition == 1 else f"{task_id}~{edition}"


def bucket(at: int) -> str:
    """The folder of the hour of an epoch minute; folders sort by time."""
    return f"{TASKS_FOLDER}/{instant(at):%Y-%m-%d/%H}"


def settled_path(task_id: str, edition: int) -> str:
    """Where it is said what became of a task."""
    return f"{SETTLED_FOLDER}/{task_key(task_id, edition)}.json"
