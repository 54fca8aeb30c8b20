"""Keep the history small: a day's files become one, and old days go.

Nothing is lost by it: a compacted file holds the same logs, today's and yesterday's are left alone,
and of the newest days as many stay as a wake reads when the cursor's entry is gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from reconciler.dispatch.answers import UnavailableError
from reconciler.dispatch.decide.recovery import RECOVERY_DAYS
from reconciler.dispatch.ports import Archive, Claims, TaskFiles
from reconciler.dispatch.wake.old_tasks import forget_tasks
from reconciler.model.formats import Damaged
from reconciler.model.protection import PROTECTED_KEY

UNTOUCHED: Final = timedelta(days=1)
"""Days younger than this may still get files, from wakes that are late or whose clock is."""
DAYS_AT_ONCE: Final = 10
"""Days that one wake compacts at most."""


@dataclass(frozen=True, slots=True)
class Chores:
    """What is to be done: days to compact, oldest first, and days to remove."""

    compact: tuple[str, ...]
    remove: tuple[str, ...]


def chores(days: Sequence[str], loose: Sequence[str], today: date, keep: timedelta) -> Chores:
    """Decide. Pure.

    Args:
        days: all that have a folder, ``2026-11-20``, ascending.
        loose: those of them that hold more than one compacted file.
        keep: age from which days are removed.
    """
    oldest = (today - min(keep, today - date.min)).isoformat()
    remove = tuple(day for day in days[:-RECOVERY_DAYS] if day < oldest)
    settled = (today - UNTOUCHED).isoformat()
    compact = tuple(day for day in loose if day < settled and day not in remove)
    return Chores(compact[:DAYS_AT_ONCE], remove)


async def tidy(
    archive: Archive,
    claims: Claims,
    today: date,
    keep: timedelta,
    token: str,
    tasks: TaskFiles | None = None,
) -> Sequence[Damaged]:
    """Do today's chores, unless another wake has taken them. What fails is done tomorrow.

    A file that cannot be read stays as it is, until it is removed for its age or somebody repairs
    it: none of this may keep a wake from what is due.

    Returns:
        The files that cannot be read.
    """
    damaged: list[Damaged] = []
    try:
        if not await claims.put_new(f"tidy/{today.isoformat()}", {"token": token}):
            return ()
        todo = chores(await archive.days(), await archive.loose_days(), today, keep)
        for day in todo.remove:
            with suppress(OSError):
                await archive.remove(day)
        for day in todo.compact:
            with suppress(OSError):
                damaged += await archive.compact(day)
        if tasks is not None:
            await forget_tasks(tasks, today)
        # An entry that is read lives for another seven days; nothing else of a wake reads this one.
        await claims.get(PROTECTED_KEY)
    except (UnavailableError, OSError):
        pass
    return damaged
