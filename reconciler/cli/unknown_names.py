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
    """The error, with the names that may have been meant.

    Args:
        known: the schedules that there are.
        what: else it might have named.
        none: what to do when there are none at all.
    """
    there = sorted(known)
    remedy = suggestion(name, there) if there else none
    return ReconcileError(f"there is no {what} `{name}`", remedy=remedy)


async def nothing_live(inputs: Inputs) -> ReconcileError:
    """Why nothing is live: nothing was applied yet, or the Volume on which it stood is gone.

    Raises:
        UnavailableError: Modal did not answer.
    """
    from reconciler.cli.connection import open_workspace
    from reconciler.deploy.invocation import lost_volume

    workspace = open_workspace(inputs)
    lost = await lost_volume(workspace.apps, workspace.files, inputs.environment.app)
    return nothing_applied(inputs.environment.name) if lost is None else lost


async def require_volume(inputs: Inputs) -> None:
    """Make sure that nothing was found because there is nothing, not because the Volume is gone.

    Raises:
        ReconcileError: it is gone.
        UnavailableError: Modal did not answer.
    """
    error = await nothing_live(inputs)
    if error.where is not None:
        raise error


def nothing_applied(environment: str) -> ReconcileError:
    """The error of a command that asks about what is live, where nothing is yet."""
    return ReconcileError(
        f"nothing was applied to {environment} yet", remedy="Run reconcile first."
    )
