"""Errors for a schedule that does not exist, and for an app to which nothing was applied."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from reconciler.errors import ReconcileError
from reconciler.words import suggestion

if TYPE_CHECKING:
    from reconciler.cli.inputs import Inputs

NOTHING_APPLIED: Final = "Nothing was applied yet: run reconcile first."


def unknown_schedule(
    name: str, known: Iterable[str], what: str = "schedule", *, none: str = NOTHING_APPLIED
) -> ReconcileError:
    """The error for an unknown name, with similar names.

    Args:
        known: the names of the existing schedules.
        what: what the name may refer to.
        none: the remedy if there are no schedules.
    """
    existing = sorted(known)
    remedy = suggestion(name, existing) if existing else none
    return ReconcileError(f"there is no {what} `{name}`", remedy=remedy)


async def nothing_live(inputs: Inputs) -> ReconcileError:
    """The reason why nothing is live: nothing was applied yet, or the Volume was deleted.

    Raises:
        UnavailableError: Modal did not answer.
    """
    from reconciler.cli.connection import open_workspace
    from reconciler.deploy.invocation import lost_volume

    workspace = open_workspace(inputs)
    lost = await lost_volume(workspace.apps, workspace.files, inputs.environment.app)
    return nothing_applied(inputs.environment.name) if lost is None else lost


async def require_volume(inputs: Inputs) -> None:
    """Check that an empty result does not come from a deleted Volume.

    Raises:
        ReconcileError: the Volume was deleted.
        UnavailableError: Modal did not answer.
    """
    error = await nothing_live(inputs)
    if error.where is not None:
        raise error


def nothing_applied(environment: str) -> ReconcileError:
    """The error of a command that reads live state before the first apply."""
    return ReconcileError(
        f"nothing was applied to {environment} yet", remedy="Run reconcile first."
    )
