"""Keep the history small: a day's files become one, and old days go.

Nothing is lost by it: a compacted file holds the same logs, today's and yesterday's files are left
alone, and of the newest days as many stay as a wake reads when the cursor's entry is gone. Each day
but today gets a summary, by which a question about the newest runs is answered without its logs.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from reconciler.cron import instant
from reconciler.dispatch.answers import UnavailableError
from reconciler.dispatch.decide.recovery import RECOVERY_DAYS
from reconciler.dispatch.ports import Archive, BackfillFiles, Claims, TaskFiles
from reconciler.model.backfill import BackfillEnd, ended_digests, ended_path, plan_path
from reconciler.model.formats import Damaged, FormatError
from reconciler.model.pointer import PROTECTED_KEY
from reconciler.model.task import SETTLED_FOLDER, TaskPath, decode_settled, parse_task_key

UNTOUCHED: Final = timedelta(days=1)
"""Days younger than this may still get files, from wakes that are late or whose clock is."""
DAYS_AT_ONCE: Final = 10
"""Days that one wake compacts at most."""


@dataclass(frozen=True, slots=True)
class Chores:
    """What is to be done: days to compact, newest first, days to remove, and days to sum up."""

    compact: tuple[str, ...]
    remove: tuple[str, ...]
    summarise: tuple[str, ...] = ()


def chores(days: Sequence[str], loose: Sequence[str], today: date, keep: timedelta) -> Chores:
    """Decide. Pure.

    Args:
        days: all that have a folder, ``2026-11-20``, ascending.
        loose: those of them that hold more than one compacted file, or have no summary.
        keep: age from which days are removed.
    """
    oldest = (today - min(keep, today - date.min)).isoformat()
    remove = tuple(day for day in days[:-RECOVERY_DAYS] if day < oldest)
    settled = (today - UNTOUCHED).isoformat()
    compact = tuple(day for day in reversed(loose) if day < settled and day not in remove)
    return Chores(compact[:DAYS_AT_ONCE], remove, tuple(day for day in days if day == settled))


async def tidy(
    archive: Archive,
    claims: Claims,
    now: int,
    keep: timedelta,
    token: str,
    tasks: TaskFiles | None = None,
    backfills: BackfillFiles | None = None,
) -> Sequence[Damaged]:
    """Do today's chores, unless another wake has taken them. What fails is done tomorrow.

    A file that cannot be read stays as it is, until it is removed for its age or a person repairs
    it: none of this may keep a wake from what is due.

    Args:
        now: the epoch minute of the wake.

    Returns:
        The files that cannot be read.
    """
    damaged: list[Damaged] = []
    today = instant(now).date()
    try:
        if not await claims.put_new(f"tidy/{today.isoformat()}", {"token": token}):
            return ()
        todo = chores(await archive.days(), await archive.loose_days(), today, keep)
        for day in todo.remove:
            with suppress(OSError):
                await archive.remove(day)
        for day in todo.compact:
            with suppress(OSError):
                damaged += await archive.compact(day, now)
        for day in todo.summarise:
            with suppress(OSError):
                await archive.summarise(day)
        if tasks is not None:
            await forget_tasks(tasks, today)
        if backfills is not None:
            await forget_backfills(backfills, today - min(keep, today - date.min))
        # An entry that is read lives for another seven days; nothing else of a wake reads this one.
        await claims.get(PROTECTED_KEY)
    except (UnavailableError, OSError):
        pass
    return damaged


REMEMBERED: Final = timedelta(days=14)
"""How long the id of a settled task cannot be used for another. Longer than claims live."""


async def forget_tasks(files: TaskFiles, today: date) -> None:
    """Remove what was settled long ago, but nothing that still says something.

    That is: whose task still has its file, or whose id has a later edition (that one would seem to
    be the first).

    Raises:
        UnavailableError, OSError: something could not be read or removed.
    """
    oldest = today - REMEMBERED
    paths = {key: path for path in await files.settled() if (key := _key(path)) is not None}
    needed = {
        (place.id, place.edition)
        for path in await files.pending()
        if (place := TaskPath.parse(path)) is not None
    }
    gone = []
    for (task_id, edition), path in paths.items():
        following = (task_id, edition + 1)
        if (task_id, edition) in needed or following in needed or following in paths:
            continue
        if await _settled_before(files, path, oldest):
            gone.append(path)
    if gone:
        await files.change({}, gone)
    await files.remove_empty_buckets(oldest.isoformat())


async def forget_backfills(files: BackfillFiles, oldest: date) -> None:
    """Remove the backfills that were over before this day: the history of their runs is gone too.

    Raises:
        UnavailableError, OSError: something could not be read or removed.
    """
    gone: list[str] = []
    for digest in ended_digests(await files.listed()):
        content = await files.read(ended_path(digest))
        with suppress(FormatError):
            end = None if content is None else BackfillEnd.decode(content, ended_path(digest))
            if end is not None and datetime.fromisoformat(end.at).date() < oldest:
                # The plan first: without it, its end says nothing.
                gone += (plan_path(digest), ended_path(digest))
    if gone:
        await files.remove(gone)


async def _settled_before(files: TaskFiles, path: str, day: date) -> bool:
    content = await files.read(path)
    try:
        settled = None if content is None else decode_settled(content, path)
    except FormatError:
        return False
    return settled is not None and datetime.fromisoformat(settled.at).date() < day


def _key(path: str) -> tuple[str, int] | None:
    return parse_task_key(path.removeprefix(f"{SETTLED_FOLDER}/").removesuffix(".json"))
