"""The tries that Modal itself makes of a call of a code target, as its entry point recorded them.

Modal's own retries are invisible to a caller: it sees one call, and how that ends.
"""

from __future__ import annotations

from typing import Final

from reconciler.attempts import AttemptState, attempt_key
from reconciler.dispatch.adapters.at_once import at_once
from reconciler.dispatch.answers import UnavailableError
from reconciler.dispatch.ports import Claims
from reconciler.model.formats import Entry
from reconciler.model.runs_file import try_line

RESTARTS: Final = 5
"""Attempts that are looked for beyond those that a failure explains: Modal starts a preempted one
again."""


async def tries_of(call: str, most: int, claims: Claims) -> tuple[str, ...]:
    """A line for each attempt of a call, as a supervisor writes them; empty where none can be read.

    Args:
        most: attempts that failures explain.
    """
    try:
        found = await _entries(call, 1, 2, claims)
        if found[1] is not None:
            found += await _entries(call, 3, most + RESTARTS, claims)
    except UnavailableError:
        return ()
    lines = []
    for number, entry in enumerate(found, 1):
        if entry is None:
            break
        lines.append(_line(number, call, entry))
    return tuple(lines)


async def used_by(call: str, claims: Claims) -> str | None:
    """Processor time and memory of the only attempt of a call; None where it is not recorded."""
    try:
        entry = await claims.get(attempt_key(call, 1))
    except UnavailableError:
        return None
    used = None if entry is None else entry.get("used")
    return None if used is None else str(used)


async def _entries(call: str, first: int, last: int, claims: Claims) -> list[Entry | None]:
    keys = [attempt_key(call, number) for number in range(first, last + 1)]
    return list(await at_once(claims.get(key) for key in keys))


def _line(number: int, call: str, entry: Entry) -> str:
    state, reason = str(entry.get("state", "")), str(entry.get("reason", ""))
    if state == AttemptState.STARTED:
        # It did not say how it ended: it took too long, or its container was taken away.
        state = "interrupted"
    used = entry.get("used")
    return try_line(number, call, state, reason, str(used) if used else None)
