"""What is still known when the generation that was applied last cannot be read any more.

Its schedules come from git. How far wakes had come, which schedules were live and which of them are
protected is gathered from the other places where that stands: the cursor and the protection entry
in the Dict, the runs files, the record of the last apply, the generation before, the app's tags.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from reconciler.cron import minute
from reconciler.deploy.apply_records import read_history, read_record
from reconciler.deploy.generation_files import read_generation
from reconciler.deploy.ports import Apps, DeployedApp, Files
from reconciler.dispatch.adapters.at_once import together
from reconciler.dispatch.decide.recovery import RECOVERY_DAYS, recover
from reconciler.errors import ReconcileError
from reconciler.model.applied import Applied
from reconciler.model.cursor import Cursor
from reconciler.model.formats import REPAIR, FormatError, NewerFormatError
from reconciler.model.generation import Generation
from reconciler.model.pointer import Pointer, Protection
from reconciler.plan import Lost
from reconciler.plan.tags import PROTECTED_TAG, VOLUME_TAG


async def find_lost(
    files: Files, pointer: Pointer | None, cursor: Cursor | None, protection: Protection | None
) -> Lost:
    """Gather what is known of the lost generation.

    Args:
        pointer: None when it cannot be read either.
        cursor: None when its entry is gone.

    Raises:
        UnavailableError: something could not be read.
        NewerFormatError: a newer version wrote something.
    """
    record = await _record(files, pointer)
    applied = pointer if pointer is not None else None if record is None else record.pointer
    since = None if cursor is None else cursor.through
    if cursor is not None and since is not None and cursor.unread is not None:
        since = min(since, cursor.unread)
    if since is None:
        since = await _through(files)
    if since is None and applied is not None:
        since = _minute(applied.at)
    before = None
    if applied is not None and applied.previous is not None:
        before, damage = await read_generation(files, applied.previous)
        before = before if damage is None else None
    lost = Lost(since=since, before=before)
    if protection is not None:
        # Where the pointer is lost too, wakes have read last what was live.
        live = pointer.generation if pointer is not None else cursor.generation if cursor else None
        renames = protection.renames_of(live)
        lost = replace(lost, schedules=protection.schedules, renames=renames)
    if record is None:
        return lost
    begun = {name: _minute(origin.at) for name, origin in record.origins.items()}
    return replace(lost, begun=begun, schedules=len(begun))


def protected_names(
    own: DeployedApp | None,
    pointer: Pointer | None,
    generations: Iterable[Generation],
    lost: Lost | None,
    protection: Protection | None,
) -> frozenset[str] | None:
    """The schedules that are protected; None when they cannot be known.

    A generation that can be read names them. Where the last one cannot, every other place counts.

    Args:
        generations: those that can be read.
    """
    generations = list(generations)
    names = {record.name for one in generations for record in one.records if record.protect}
    if generations and lost is None:
        return frozenset(names)
    pointed = None if pointer is None else pointer.protected
    names.update(pointed or (), () if protection is None else protection.names)
    if lost is None or pointed is not None or protection is not None:
        return frozenset(names)
    tags = {} if own is None else own.tags
    # Both tags are set by the same versions: with the Volume's alone, no schedule is protected.
    if VOLUME_TAG in tags and PROTECTED_TAG not in tags:
        return frozenset(names)
    return None


async def lost_volume(apps: Apps, files: Files, app: str) -> ReconcileError | None:
    """The error that the deployed functions hold a Volume that is gone; None when it is there.

    Raises:
        UnavailableError: Modal did not answer.
    """
    own, present = await together(apps.own(), files.volume())
    held = None if own is None else own.tags.get(VOLUME_TAG)
    if held is None or held == present:
        return None
    happened = "was deleted" if present is None else "was deleted and made again"
    return ReconcileError(
        f"{happened}, and the deployed functions hold the old one ({held}): no schedule runs",
        where=f"volume {app}",
        remedy=REPAIR,
    )


async def _record(files: Files, pointer: Pointer | None) -> Applied | None:
    """The record of the last apply; None when there is none that can be read."""
    try:
        if pointer is not None:
            return await read_record(files, pointer)
        found, _damaged = await read_history(files, 1)
        return next(iter(found), None)
    except NewerFormatError:
        raise
    except FormatError:
        return None


async def _through(files: Files) -> int | None:
    """How far the runs files say that wakes have come; None when they do not."""
    from reconciler.deploy.modal_files import RemoteRunLog  # imports Modal's client

    try:
        return recover(await RemoteRunLog(files).recent(RECOVERY_DAYS)).through
    except NewerFormatError:
        raise
    except FormatError:
        return None


def _minute(at: str) -> int:
    return minute(datetime.fromisoformat(at))
