"""Reads a task from its files and from its registration in the Dict."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from reconciler.dispatch.ports import Claims, Clock, TaskFiles
from reconciler.model.formats import FORMAT, Entry, check_format, reading, typed
from reconciler.model.occurrence import format_minute
from reconciler.model.task import (
    NAME_PREFIX,
    SettledTask,
    Task,
    TaskPath,
    decode_settled,
    decode_task,
    settled_path,
    task_key,
)

EDITIONS: Final = 1000
"""Times that one id can be cancelled and used again within two weeks."""

SHOWN_ARGS: Final = 200
"""Characters of a task's arguments in a message."""

Stored: TypeAlias = Task | SettledTask


@dataclass(frozen=True, slots=True)
class TaskPorts:
    """The ports that creating, cancelling and listing tasks use."""

    clock: Clock
    claims: Claims
    files: TaskFiles


async def paths_of(files: TaskFiles, task_id: str) -> dict[int, str]:
    """The paths of the pending tasks of an id, by edition.

    Call it before :func:`stored`: a wake writes ``settled/`` before it removes a task's file, so in
    this order a task is found in at least one of the two.
    """
    found = {}
    for path in await files.pending():
        place = TaskPath.parse(path)
        if place is not None and place.id == task_id:
            found[place.edition] = path
    return found


async def stored(
    files: TaskFiles, task_id: str, edition: int, paths: Mapping[int, str]
) -> Stored | None:
    """One edition of an id, as its files have it; None if there is no file.

    Raises:
        FormatError: a file cannot be read.
        UnavailableError: Modal did not answer.
    """
    where = settled_path(task_id, edition)
    content = await files.read(where)
    if content is not None:
        return decode_settled(content, where)
    path = paths.get(edition)
    content = None if path is None else await files.read(path)
    if path is not None and content is None:
        # The file was removed after the listing: a wake has settled the task since.
        content = await files.read(where)
        return None if content is None else decode_settled(content, where)
    return None if path is None or content is None else decode_task(content, path)


async def newest(files: TaskFiles, task_id: str) -> Stored | None:
    """The newest edition of an id, as its files have it; None if there is no file.

    Raises:
        FormatError: a file cannot be read.
        UnavailableError: Modal did not answer.
    """
    last: Stored | None = None
    paths = await paths_of(files, task_id)
    for edition in range(1, EDITIONS + 1):
        found = await stored(files, task_id, edition, paths)
        if found is None:
            break
        last = found
    return last


def registration_key(task_id: str, edition: int) -> str:
    """The Dict key of the registration of one edition of an id."""
    return NAME_PREFIX + task_key(task_id, edition)


def registration(task: Task, token: str) -> Entry:
    """The Dict entry by which a creator registers the task that it is about to store."""
    return {"format": FORMAT, "token": token, "task": task.to_json()}


def registered(entry: Entry, where: str) -> Task:
    """The task of a registration.

    Raises:
        NewerFormatError: a newer version wrote the entry.
        FormatError: it is not the entry of a task.
    """
    with reading("the entry of a task", f"Dict entry {where}", "Use another id."):
        check_format(entry, where)
        return Task.from_json(typed(entry, "task", dict))


def task_of(found: Stored) -> Task:
    """The task, settled or not."""
    return found.task if isinstance(found, SettledTask) else found


def shown(task: Task) -> str:
    """A task as messages show it: function, time and arguments."""
    given = json.dumps(dict(task.args), ensure_ascii=True)
    if len(given) > SHOWN_ARGS:
        given = f"{given[:SHOWN_ARGS]} …"
    return f"{task.app}/{task.function} at {format_minute(task.at)} with {given}"
