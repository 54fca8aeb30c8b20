"""Replace the cursor so that no wake loses what another has just written.

The Dict has no compare-and-swap, but it tells who was the first to store a key. Each cursor has an
id, and who wants to replace it has to be the first under ``cursor/after/ID``. Whoever is not waits
for the one who was, and begins again with what that one has written.

Invariant: *while the Dict answers and no writer pauses in its turn, each cursor is made from the
one that it replaces.* A writer that dies in its turn is passed over: those that have waited for it
take a turn among them. One that pauses for longer, and writes then, undoes what the others wrote;
what that costs is in ``cursor``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from reconciler.dispatch.answers import UnavailableError
from reconciler.model.cursor import CURSOR_KEY, Cursor, cursor_of

if TYPE_CHECKING:
    from reconciler.dispatch.ports import Claims

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
