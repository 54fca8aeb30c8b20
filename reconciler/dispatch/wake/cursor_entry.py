"""The cursor's entry in the Dict: how a wake reads it, and replaces it without losing a write.

The Dict has no compare-and-swap, but it tells who was the first to store a key. Each cursor has an
id, and a wake that replaces it has to be the first under ``cursor/after/ID``. A wake that is not
the first waits for the one that was, and begins again with what that one has written.

Invariant: *while the Dict answers and no writer pauses in its turn, each cursor is made from the
one that it replaces.* The others pass over a writer that dies in its turn: those that waited for it
take a turn among them. A writer that pauses for longer, and writes then, undoes what the others
wrote; what that costs is in :mod:`reconciler.model.cursor`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from reconciler.dispatch.answers import UnavailableError
from reconciler.model.cursor import CURSOR_KEY, Cursor, cursor_of
from reconciler.model.runs import format_time

if TYPE_CHECKING:
    from reconciler.dispatch.ports import Claims
    from reconciler.dispatch.wake.request import Ports
    from reconciler.model.generation import Generation

NONE: Final = "none"
"""What the first one replaces, and one of before there were ids."""
PATIENCE: Final = 3.0
"""Seconds that a writer waits for the one whose turn it is, and again for each that follows."""
TURNS: Final = 3
"""Writers of one cursor that are waited for, each as long as that, before one just writes."""
LOOK_AGAIN: Final = 0.1
"""Seconds between two looks at whether that one has written."""


async def rewrite(
    claims: Claims, writing: str, before: Cursor, change: Callable[[Cursor], Cursor]
) -> Cursor:
    """Replace the cursor; returns what was written.

    Args:
        writing: an id for it, of nobody else and used once.
        before: what is changed when there is no entry, or none that can be read.
        change: makes the new cursor of the one that is found.

    Raises:
        UnavailableError: it may or may not have been written.
        NewerFormatError: a newer version wrote the one that is there.
    """
    awaited, turn, waited = "", 0, 0.0
    while True:
        read = cursor_of(await claims.get(CURSOR_KEY))
        found = read if isinstance(read, Cursor) else before
        after = NONE if not isinstance(read, Cursor) or not found.id else found.id
        if after != awaited or waited >= PATIENCE:
            turn = 1 if after != awaited else turn + 1
            if turn > TURNS or await _is_our_turn(claims, after, turn, writing):
                break
            awaited, waited = after, 0.0
        await asyncio.sleep(LOOK_AGAIN)
        waited += LOOK_AGAIN
    new = replace(change(found), id=writing)
    await claims.put(CURSOR_KEY, new.to_json())
    return new


async def _is_our_turn(claims: Claims, after: str, turn: int, writing: str) -> bool:
    """Whether no other writer has this turn; without an answer none is waited for."""
    key = f"{CURSOR_KEY}/after/{after}{f'#{turn}' if turn > 1 else ''}"
    try:
        if await claims.put_new(key, {"writing": writing}):
            return True
        # Ours, if the client has sent it twice because the first answer was lost.
        taken = await claims.get(key)
    except UnavailableError:
        return True
    return taken is not None and taken.get("writing") == writing


async def read_cursor(
    ports: Ports, generation: Generation | None = None, seen: datetime | None = None
) -> Cursor:
    """The cursor's entry, or what the runs files tell when it is gone or cannot be read.

    Args:
        generation: what is live, and the time, when it is asked by a wake: what was still to be
            sent is then found again too.

    Raises:
        NewerFormatError: a newer version wrote it.
        UnavailableError: Modal did not answer.
    """
    found = cursor_of(await ports.claims.get(CURSOR_KEY))
    if isinstance(found, Cursor):
        return found
    from reconciler.dispatch.decide.recovery import RECOVERY_DAYS, recover, with_notices

    logs = await ports.log.recent(RECOVERY_DAYS)
    cursor = recover(logs)
    if generation is not None and seen is not None and logs:
        cursor = with_notices(cursor, logs, generation, seen)
        cursor = replace(cursor, recovered=format_time(seen))
    garbled = () if found is None else (found,)
    return replace(cursor, damaged=(*garbled, *logs.damaged))
