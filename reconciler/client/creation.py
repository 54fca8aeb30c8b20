"""Create a task, once for each id.

``put_new`` in the Dict decides between creators, and what it stored is what all of them go on with:
whoever finds the registration of a task that asks for the same, and no file, writes that very file
(the same bytes: its creator may have died before). The Dict forgets after seven idle days, so the
files are asked too, also when the registration was won.
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
"""How often a registration is tried, should the one that is in the way die in that moment."""


async def create(ports: TaskPorts, wanted: Task, token: str) -> Stored:
    """Store a task unless it is there; returns what is there from now on.

    Args:
        token: unique to this call, to recognise our own registration after a lost answer.

    Raises:
        TaskExistsError: the id is that of another task.
        FormatError: what is stored under the id cannot be read.
        UnavailableError: Modal did not answer. Whether the task is stored is unknown; doing it
            again is safe.
    """
    edition = 1
    while edition <= EDITIONS:
        ours = replace(wanted, edition=edition)
        first = await _register(ports.claims, ours, token)
        paths = await paths_of(ports.files, wanted.id)
        found = await stored(ports.files, wanted.id, edition, paths)
        if _is_over(found):
            edition += 1
            continue
        if found is not None:
            return _the_same(found, ours)
        if not first.is_same(ours):
            raise _cut_short(first)
        await ports.files.change({first.path: first.encode()})
        return first
    raise TaskError(
        f"the id {wanted.id!r} was cancelled {EDITIONS} times in two weeks",
        remedy="Use another id.",
    )


async def _register(claims: Claims, task: Task, token: str) -> Task:
    """Register a task; returns the one that was first."""
    key = registration_key(task.id, task.edition)
    for _ in range(REGISTRATIONS):
        if await claims.put_new(key, registration(task, token)):
            return task
        entry = await claims.get(key)
        if entry is not None:
            return registered(entry, key)
    raise UnavailableError(f"the entry {key} comes and goes")


def _is_over(found: Stored | None) -> bool:
    return isinstance(found, SettledTask) and found.ending is Ending.CANCELLED


def _the_same(found: Stored, ours: Task) -> Stored:
    task = task_of(found)
    if task.is_same(ours):
        return found
    if isinstance(found, SettledTask):
        raise TaskExistsError(
            f"there was a task {ours.id} already, {found.ending.value} at {found.at}: "
            f"{shown(task)}",
            remedy="Use another id.",
        )
    raise TaskExistsError(f"there is a task {ours.id} already: {shown(task)}", remedy=_CHANGE)


def _cut_short(first: Task) -> TaskExistsError:
    return TaskExistsError(
        f"a task {first.id} is being created, or its creation was cut short: {shown(first)}",
        remedy=_CHANGE,
    )


_CHANGE: Final = "To change it, cancel it and create it again; for another task use another id."
