"""Create a task, once for each id.

``put_new`` in the Dict decides between concurrent creators: the task that it stored is the task for
all of them. A creator that finds an equal registration but no file writes that file, with the same
bytes, because the first creator may have died before it did. Dict entries expire after seven idle
days, so a creator also reads the files, even when its own registration came first.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from reconciler.client.stored_tasks import (
    EDITIONS,
    Stored,
    TaskPorts,
    paths_of,
    registered,
    registration,
    registration_key,
    shown,
    stored,
    task_of,
)
from reconciler.client.task_errors import TaskError, TaskExistsError
from reconciler.dispatch.answers import UnavailableError
from reconciler.dispatch.ports import Claims
from reconciler.model.task import Ending, SettledTask, Task

REGISTRATIONS: Final = 3
"""Attempts to register, for the case that a competing entry expires between write and read."""


async def create(ports: TaskPorts, wanted: Task, token: str) -> Stored:
    """Store a task unless the id exists; returns the task that is stored under the id.

    Args:
        token: unique to this call, to recognise our own registration after a lost answer.

    Raises:
        TaskExistsError: the id belongs to a different task.
        FormatError: the file or entry of the id cannot be read.
        UnavailableError: Modal did not answer. It is unknown whether the task is stored; calling
            again is safe.
    """
    edition = 1
    while edition <= EDITIONS:
        ours = replace(wanted, edition=edition)
        first = await _register(ports.claims, ours, token)
        paths = await paths_of(ports.files, wanted.id)
        found = await stored(ports.files, wanted.id, edition, paths)
        if _is_cancelled(found):
            edition += 1
            continue
        if found is not None:
            return _existing(found, ours)
        if not first.is_same(ours):
            raise _incomplete(first)
        await ports.files.change({first.path: first.encode()})
        return first
    raise TaskError(
        f"the id {wanted.id!r} was cancelled {EDITIONS} times in two weeks",
        remedy="Use another id.",
    )


async def _register(claims: Claims, task: Task, token: str) -> Task:
    """Register a task; returns the task that was registered first."""
    key = registration_key(task.id, task.edition)
    for _ in range(REGISTRATIONS):
        if await claims.put_new(key, registration(task, token)):
            return task
        entry = await claims.get(key)
        if entry is not None:
            return registered(entry, key)
    raise UnavailableError(f"the Dict entry {key} appeared and vanished {REGISTRATIONS} times")


def _is_cancelled(found: Stored | None) -> bool:
    return isinstance(found, SettledTask) and found.ending is Ending.CANCELLED


def _existing(found: Stored, ours: Task) -> Stored:
    task = task_of(found)
    if task.is_same(ours):
        return found
    if isinstance(found, SettledTask):
        raise TaskExistsError(
            f"task {ours.id} exists already, {found.ending.value} at {found.at}: {shown(task)}",
            remedy="Use another id.",
        )
    raise TaskExistsError(f"task {ours.id} exists already: {shown(task)}", remedy=_CHANGE)


def _incomplete(first: Task) -> TaskExistsError:
    return TaskExistsError(
        f"task {first.id} is being created, or its creation was interrupted: {shown(first)}",
        remedy=_CHANGE,
    )


_CHANGE: Final = "To change the task, cancel it and create it again; for a new task use another id."
