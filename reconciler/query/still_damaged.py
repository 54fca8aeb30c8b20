"""What cannot be read now, of what wakes could not read.

A wake writes down what it could not read. Before that is shown, what is stored now is looked at:
what was repaired or removed since is not shown any more.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from reconciler.deploy.ports import Files
from reconciler.dispatch.adapters.at_once import at_once
from reconciler.dispatch.ports import Claims
from reconciler.model.claim import read_claim
from reconciler.model.cursor import CURSOR_ENTRY
from reconciler.model.formats import Damaged, FormatError, UnreadableEntry
from reconciler.model.pointer import POINTER_PATH
from reconciler.model.runs_file import RUNS_FOLDER

ENTRY: Final = "Dict entry "
"""How the place of an entry begins."""


async def still_damaged(
    reported: Iterable[Damaged], claims: Claims, files: Files
) -> tuple[Damaged, ...]:
    """What of this cannot be read now either, as it is now.

    The cursor, the pointer and the generation are left out: who asks has read them itself.

    Raises:
        UnavailableError: Modal did not answer.
    """
    by_place = {one.where: one for one in reported}
    found = await at_once(_as_it_is(one, claims, files) for one in by_place.values())
    return tuple(one for one in found if one is not None)


async def _as_it_is(one: Damaged, claims: Claims, files: Files) -> Damaged | None:
    if one.where in (CURSOR_ENTRY, POINTER_PATH) or one.where.startswith("generations/"):
        return None
    if one.where.startswith(ENTRY):
        key = one.where.removeprefix(ENTRY)
        entry = await claims.get(key)
        if entry is None:
            return None
        if "@" in key and "/" not in key:
            return read_claim(entry, key).damage
        return Damaged(one.where, entry.why) if isinstance(entry, UnreadableEntry) else None
    content = await files.read(one.where)
    if content is None:
        return None
    if one.where.startswith(f"{RUNS_FOLDER}/"):
        from reconciler.model.runs_file import decode_compacted

        return next(iter(decode_compacted(content, one.where).damaged), None)
    try:
        _decode_task(content, one.where)
    except FormatError as error:
        return Damaged(one.where, error.what)
    return None


def _decode_task(content: bytes, where: str) -> None:
    from reconciler.model.task import TASKS_FOLDER, decode_settled, decode_task

    decode = decode_task if where.startswith(f"{TASKS_FOLDER}/") else decode_settled
    decode(content, where)
