"""Errors of questions that find nothing: an unknown name, an app to which nothing was applied."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from reconciler.deploy.lost import lost_volume
from reconciler.deploy.ports import Apps, Files
from reconciler.errors import ReconcileError
from reconciler.manifest import EnvironmentSettings
from reconciler.model.formats import REPAIR, Damaged, FormatError
from reconciler.model.generation import Generation
from reconciler.words import suggestion

NOTHING_APPLIED: Final = "Nothing was applied yet: run reconcile first."


class NothingFoundError(ReconcileError):
    """Neither what is live nor the history has what a question names.

    Attributes:
        damaged: what could not be read on the way.
    """

    damaged: tuple[Damaged, ...] = ()


def unknown_schedule(
    name: str,
    known: Iterable[str],
    what: str = "schedule",
    *,
    none: str = NOTHING_APPLIED,
    damaged: Iterable[Damaged] = (),
) -> NothingFoundError:
    """The error for an unknown name, with similar names.

    Args:
        known: the names of the existing schedules.
        what: what the name may refer to.
        none: the remedy if there are no schedules.
        damaged: what could not be read while the name was looked for.
    """
    existing = sorted(known)
    remedy = suggestion(name, existing) if existing else none
    error = NothingFoundError(f"there is no {what} `{name}`", remedy=remedy)
    error.damaged = tuple(damaged)
    return error


async def nothing_live(apps: Apps, files: Files, settings: EnvironmentSettings) -> ReconcileError:
    """The reason why nothing is live: nothing was applied yet, or the Volume was deleted.

    Raises:
        UnavailableError: Modal did not answer.
    """
    lost = await lost_volume(apps, files, settings.app)
    return nothing_applied(settings.name) if lost is None else lost


async def require_volume(apps: Apps, files: Files, settings: EnvironmentSettings) -> None:
    """Check that an empty result does not come from a deleted Volume.

    Raises:
        ReconcileError: the Volume was deleted.
        UnavailableError: Modal did not answer.
    """
    error = await nothing_live(apps, files, settings)
    if error.where is not None:
        raise error


def nothing_applied(environment: str) -> ReconcileError:
    """The error of a command that reads live state before the first apply."""
    return ReconcileError(
        f"nothing was applied to {environment} yet", remedy="Run reconcile first."
    )


def require_readable(generation: Generation, name: str) -> None:
    """Refuse a name whose record may be among those that cannot be read.

    Raises:
        FormatError: its record, or a record without a readable name, cannot be read.
    """
    if generation.named(name) is None and generation.may_have(name):
        one = generation.damaged[0]
        raise FormatError(f"cannot be read: {one.why}", where=one.where, remedy=REPAIR)
