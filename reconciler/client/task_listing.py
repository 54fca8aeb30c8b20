"""Lists tasks, in the form that callers see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from reconciler.client.stored_tasks import Stored, task_of
from reconciler.cron import instant
from reconciler.dispatch.adapters.at_once import at_once, together
from reconciler.dispatch.ports import TaskFiles
from reconciler.errors import one_line
from reconciler.model.formats import FormatError
from reconciler.model.task import (
    SettledTask,
    TaskPath,
    decode_settled,
    decode_task,
    parse_task_key,
    settled_path,
)


class TaskState(StrEnum):
    """The state of a task."""

    PENDING = "pending"
    STARTED = "started"
    MISSED = "missed"
    """It did not start, and no wake will start it."""
    CANCELLED = "cancelled"
    UNREADABLE = "unreadable"
    """Its file is damaged, or of a newer format; no wake can start it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledTask:
    """A task.

    Attributes:
        at: its time, in UTC. Of an unreadable pending task, the hour of its folder; of an
            unreadable settled one, the epoch.
        function: ``app/function``; empty when unreadable.
        created: the time of creation; None when unreadable.
        call: the id of the call that was started; None before.
        reason: why the task did not start; None otherwise.
        run: its name in the history, for ``reconcile runs NAME``.
    """

    id: str
    state: TaskState
    at: datetime
    run: str
    function: str = ""
    args: Mapping[str, Any] = field(default_factory=dict)
    created: datetime | None = None
    call: str | None = None
    reason: str | None = None


def to_scheduled_task(found: Stored) -> ScheduledTask:
    """A stored task in the form that callers see."""
    task = task_of(found)
    settled = found if isinstance(found, SettledTask) else None
    return ScheduledTask(
        id=task.id,
        state=TaskState.PENDING if settled is None else TaskState(settled.ending.value),
        at=instant(task.at),
        run=task.name,
        function=f"{task.app}/{task.function}",
        args=dict(task.args),
        created=instant(task.created),
        call=None if settled is None else settled.call,
        reason=None if settled is None else settled.reason,
    )


async def pending_paths(files: TaskFiles) -> Sequence[str]:
    """The paths of the pending tasks. No task is read.

    Raises:
        UnavailableError: Modal did not answer.
    """
    pending, settled = await together(files.pending(), files.settled())
    return tuple(_open(pending, settled))


async def list_stored(
    files: TaskFiles, *, settled: bool, until: int | None = None
) -> list[ScheduledTask]:
    """The pending tasks, sorted by time.

    Args:
        settled: include the settled tasks, which are kept for two weeks.
        until: epoch minute; tasks of later hours are left out. None for all.

    Raises:
        UnavailableError: Modal did not answer.
    """

    async def pending(path: str, place: TaskPath) -> ScheduledTask | None:
        content = await files.read(path)
        if content is None:
            return None
        try:
            return to_scheduled_task(decode_task(content, path))
        except FormatError as error:
            return _unreadable(place, error)

    async def over(path: str) -> ScheduledTask | None:
        content = await files.read(path)
        key = parse_task_key(path.rpartition("/")[2].removesuffix(".json"))
        if content is None or key is None:
            return None
        try:
            return to_scheduled_task(decode_settled(content, path))
        except FormatError as error:
            return _unreadable(TaskPath(0, *key), error)

    paths = await files.pending(until)
    done = await files.settled()
    found = await at_once(pending(path, place) for path, place in _open(paths, done).items())
    if settled:
        found += await at_once(map(over, done))
    return sorted((one for one in found if one is not None), key=lambda one: (one.at, one.run))


def _open(pending: Iterable[str], settled: Iterable[str]) -> dict[str, TaskPath]:
    """The files of tasks that are not settled."""
    over = frozenset(settled)
    places = ((path, TaskPath.parse(path)) for path in pending)
    return {
        path: place
        for path, place in places
        if place is not None and settled_path(place.id, place.edition) not in over
    }


def _unreadable(place: TaskPath, error: FormatError) -> ScheduledTask:
    return ScheduledTask(
        id=place.id,
        state=TaskState.UNREADABLE,
        at=instant(place.hour),
        run=place.name,
        reason=one_line(error),
    )
