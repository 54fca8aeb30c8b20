"""What a wake's look at the files of tasks found; most find nothing."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from reconciler.dispatch.due import Due
from reconciler.dispatch.formats import Damaged
from reconciler.dispatch.runs import RunRecord

if TYPE_CHECKING:
    from reconciler.dispatch.ports import Claims, RunLog, TaskFiles
    from reconciler.dispatch.tasks import SettledTask, Task


class FoundTasks(NamedTuple):
    """See the module.

    Attributes:
        due: what is to be started, by name.
        known: what the runs files say is settled, while no other file does.
        over: paths of tasks that are settled, and that are still there.
        lines: what is to be written down of tasks that do not start.
        damaged: runs files that were asked about old tasks, and cannot be read.
    """

    due: Mapping[str, Task] = MappingProxyType({})
    known: tuple[SettledTask, ...] = ()
    over: tuple[str, ...] = ()
    lines: tuple[RunRecord, ...] = ()
    damaged: tuple[Damaged, ...] = ()

    def dues(self, but: Container[str]) -> Iterator[Due]:
        """What is to be started, without the occurrences of these ids."""
        for task in self.due.values():
            if task.occurrence.id not in but:
                yield Due(task.record(), (task.at,))


NO_TASKS: Final = FoundTasks()


async def find_tasks(
    files: TaskFiles,
    log: RunLog,
    claims: Claims,
    now: int,
    started: datetime,
    *,
    exactly: bool = False,
) -> FoundTasks:
    """Look at the files of all tasks that are due.

    Args:
        now: epoch minute up to which tasks are due.
        started: the time of the wake.
        exactly: only tasks of that minute.

    Raises:
        UnavailableError: they cannot be read.
    """
    paths = await files.pending(now)
    if not paths:
        return NO_TASKS
    from reconciler.dispatch.due_tasks import look_at_tasks  # start-up time: see above

    return await look_at_tasks(paths, files, log, claims, now, started, exactly=exactly)
