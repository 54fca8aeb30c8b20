"""What there is of a task: in the files, and as it was registered in the Dict."""

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
"""How often one id can be cancelled and used again within two weeks."""

SHOWN_ARGS: Final = 200
"""Characters of a task's arguments that a message shows."""

Stored: TypeAlias = Task | SettledTask


@dataclass(frozen=True, slots=True)
class TaskPorts:
    """All the outside that creating, cancelling and listing tasks has."""

    clock: Clock
    claims: Claims
    files: TaskFiles


async def paths_of(files: TaskFiles, task_id: str) -> dict[int, str]:
    """The files of the tasks of an id, by edition.

    To be asked before :func:`stored`: a task is under ``settled/`` before it leaves ``tasks/``, so
    that in this order it is seen in one of the two.
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
    """What the files say of one edition of an id; None when they know nothing of it.

    Raises:
        FormatError: its file cannot be read.
        UnavailableError: Modal did not answer.
    """
    where = settled_path(task_id, edition)
    content = await files.read(where)
    if content is not None:
        return decode_settled(content, where)
    path = paths.get(edition)
    content = None if path is None else await files.read(path)
    if path is not None and content is None:
        # It has left since it was listed, and so is settled by now.
        content = await files.read(where)
        return None if content is None else decode_settled(content, where)
    return None if path is None or content is None else decode_task(content, path)


async def newest(files: TaskFiles, task_id: str) -> Stored | None:
    """What the files say of the task that an id stands for now; None when there is none.

    Raises:
        FormatError: its file cannot be read.
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
    """The Dict key by which one creator owns an edition of an id."""
    return NAME_PREFIX + task_key(task_id, edition)


def registration(task: Task, token: str) -> Entry:
    """The entry by which a creator owns what it is about to store."""
    return {"format": FORMAT, "token": token, "task": task.to_json()}


def registered(entry: Entry, where: str) -> Task:
    """The task that somebody was about to store.

    Raises:
        NewerFormatError: a newer version did so.
        FormatError: it is not the entry of a task.
    """
    with reading("the entry of a task", f"Dict entry {where}", "Use another id."):
        check_format(entry, where)
        return Task.from_json(typed(entry, "task", dict))


def task_of(found: Stored) -> Task:
    """The task, settled or not."""
    return found.task if isinstance(found, SettledTask) else found


def shown(task: Task) -> str:
    """A task as a message names it: what, when, with which arguments."""
    given = json.dumps(dict(task.args), ensure_ascii=True)
    if len(given) > SHOWN_ARGS:
        given = f"{given[:SHOWN_ARGS]} …"
    return f"{task.app}/{task.function} at {format_minute(task.at)} with {given}"
