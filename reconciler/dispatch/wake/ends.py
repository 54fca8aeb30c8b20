"""Ask for a wake when a supervised run has ended: several ends, one wake.

The ends of a few seconds share a claim. The supervisor that makes it waits until they are over and
asks for a wake that sees them all. A supervisor that dies meanwhile delays the others, and loses
nothing: the next wake, whatever causes it, sees the ends as well.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from reconciler.dispatch.answers import NotStartedError, StartUnknownError, UnavailableError
from reconciler.dispatch.decide.overlap import closed_queue, queue_key
from reconciler.dispatch.ports import Caller, Claims, Clock
from reconciler.model.generation import ON_DEMAND

GATHERED: Final = 2
"""Seconds of which the ends share a wake."""
MARGIN: Final = 0.5
"""Seconds in which the others that share it return, so that the wake finds their calls ended."""


async def close_queue(call: str, claims: Claims) -> bool:
    """Close the queue behind a run that is over; returns whether an occurrence has a place in it.

    It claims the first place, so either the occurrence was first, and this asks for a wake; or the
    wake that wants the place finds it closed and starts the occurrence at once.

    Args:
        call: of the supervisor.
    """
    closed = closed_queue(call)
    try:
        if await claims.put_new(queue_key(call), closed):
            return False
        # An earlier execution of this supervisor may have closed it.
        return await claims.get(queue_key(call)) != closed
    except UnavailableError:
        return True  # a wake too many delays nothing


async def ask_for_wake(
    call: str,
    app: str,
    clock: Clock,
    claims: Claims,
    caller: Caller,
    pause: Callable[[float], Awaitable[None]],
) -> None:
    """Ask for a wake of our app because this call is about to end; never raises.

    Args:
        call: of the supervisor; the wake waits for its end.
        pause: waits so many seconds.
    """
    seconds = clock.now().timestamp()
    number = int(seconds // GATHERED)
    with suppress(UnavailableError):
        key = f"ends/{number}"
        entry = {"call": call}
        if not await claims.put_new(key, entry) and await claims.get(key) != entry:
            return
    await pause((number + 1) * GATHERED - seconds + MARGIN)
    with suppress(NotStartedError, StartUnknownError):
        await caller.start(app, ON_DEMAND, {"after": call})
