"""What was applied, by whom, and from which commit: one file for each apply, written once.

A record is written just before the pointer flips: an apply that is killed between the two is
listed, and so is the one that completes it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from reconciler.deploy.ports import Files
from reconciler.dispatch.adapters.at_once import together
from reconciler.model.applied import APPLIES_FOLDER, Applied, Origin, applied_path
from reconciler.model.formats import Damaged, FormatError
from reconciler.model.pointer import Pointer
from reconciler.plan.change import Kind

if TYPE_CHECKING:
    from reconciler.plan.plan import Plan

AT_ONCE: Final = 16
"""Records that are read at the same time."""


def next_record(
    plan: Plan, pointer: Pointer, before: Applied | None, summary: str, app: str | None
) -> Applied:
    """The record of an apply.

    Args:
        before: of the apply before, None when there was none or it left no record.
        app: Modal's id of our app.
    """
    made = Origin(pointer.commit, pointer.author, pointer.at)
    changed = {change.name for change in plan.changes if change.kind is Kind.SCHEDULE}
    known = {} if before is None else before.origins
    origins = {
        name: made if name in changed or name not in known else known[name]
        for name in plan.generation.by_name
    }
    return Applied(pointer, summary, origins, app)


async def read_record(files: Files, pointer: Pointer | None) -> Applied | None:
    """The record of the apply that wrote this pointer; None when it left none.

    Raises:
        UnavailableError: it cannot be read.
        FormatError: it is damaged.
    """
    if pointer is None:
        return None
    content = await files.read(applied_path(pointer))
    return None if content is None else Applied.decode(content, applied_path(pointer))


async def record_or_damage(
    files: Files, pointer: Pointer | None
) -> tuple[Applied | None, tuple[Damaged, ...]]:
    """The same for who only shows it: a record that cannot be read is named instead.

    Raises:
        UnavailableError: Modal did not answer.
    """
    try:
        return await read_record(files, pointer), ()
    except FormatError as error:
        return None, (Damaged(error.where or APPLIES_FOLDER, error.what),)


async def read_history(files: Files, count: int) -> tuple[Sequence[Applied], tuple[Damaged, ...]]:
    """The last applies, newest first, and the records among them that cannot be read.

    Raises:
        UnavailableError: Modal did not answer.
    """
    paths = sorted(await files.list(APPLIES_FOLDER), reverse=True)[:count]
    at_once = asyncio.Semaphore(AT_ONCE)

    async def read(path: str) -> Applied | Damaged | None:
        async with at_once:
            content = await files.read(path)
        try:
            return None if content is None else Applied.decode(content, path)
        except FormatError as error:
            return Damaged(path, error.what)

    found = await together(*map(read, paths))
    applies = [one for one in found if isinstance(one, Applied)]
    return applies, tuple(one for one in found if isinstance(one, Damaged))


def commits_of(record: Applied | None) -> dict[str, str]:
    """Schedule name to the commit that made it what it is, where that is known."""
    origins = {} if record is None else record.origins
    return {name: origin.commit for name, origin in origins.items() if origin.commit is not None}


async def newest_number(files: Files) -> int:
    """The highest apply number that the records name; 0 when none names one.

    The newest records are read first, and no older ones once a number is found: applies of the
    previous version, which have none, may have come since.

    Raises:
        UnavailableError: the records cannot be read.
    """

    async def number(path: str) -> int:
        content = await files.read(path)
        with suppress(FormatError):
            return 0 if content is None else Applied.decode(content, path).pointer.number
        return 0

    paths = sorted(await files.list(APPLIES_FOLDER), reverse=True)
    for first in range(0, len(paths), AT_ONCE):
        found = max(await together(*map(number, paths[first : first + AT_ONCE])))
        if found:
            return found
    return 0
