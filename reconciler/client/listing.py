"""What there is of tasks, as callers see it."""

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
    """How a task stands."""

    PENDING = "pending"
    STARTED = "started"
    MISSED = "missed"
    """It did not start, and is given up."""
    CANCELLED = "cancelled"
    UNREADABLE = "unreadable"
    """Its file is damaged, or of a newer version; it does not start as things are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledTask:
    """A task.

    Attributes:
        at: its time, in UTC; of an unreadable one the hour that it is in, or the epoch where its
            file does not say it.
        function: ``app/function``; empty when unreadable.
        created: when it was created; None when unreadable.
        call: the call that was started.
        reason: why it did not start.
        run: its name in the history: ``reconcile runs NAME``.
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


def view(found: Stored) -> ScheduledTask:
    """What is stored, for the caller."""
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
    """The paths of the tasks that are to run; none of them is read.

    Raises:
        UnavailableError: Modal did not answer.
    """
    pending, settled = await together(files.pending(), files.settled())
    return tuple(_open(pending, settled))


async def list_stored(
    files: TaskFiles, *, settled: bool, until: int | None = None
) -> list[ScheduledTask]:
    """The tasks that are pending, by time; with ``settled`` those that are remembered too.

    Args:
        until: epoch minute; tasks of later hours are left out. None for all.

    Raises:
        UnavailableError: Modal did not answer.
    """

    async def pending(path: str, place: TaskPath) -> ScheduledTask | None:
        content = await files.read(path)
        if content is None:
            return None
        try:
            return view(decode_task(content, path))
        except FormatError as error:
            return _unreadable(place, error)

    async def over(path: str) -> ScheduledTask | None:
        content = await files.read(path)
        key = parse_task_key(path.rpartition("/")[2].removesuffix(".json"))
        if content is None or key is None:
            return None
        try:
            return view(decode_settled(content, path))
        except FormatError as error:
            return _unreadable(TaskPath(0, *key), error)

    paths = await files.pending(until)
    done = await files.settled()
    found = await at_once(pending(path, place) for path, place in _open(paths, done).items())
    if settled:
        found += await at_once(map(over, done))
    return sorted((one for one in found if one is not None), key=lambda one: (one.at, one.run))


def _open(pending: Iterable[str], settled: Iterable[str]) -> dict[str, TaskPath]:
    """The files of tasks of which it is not said that they are settled."""
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
