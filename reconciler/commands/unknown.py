"""A schedule was named that does not exist, or nothing exists yet."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from reconciler.errors import ReconcileError
from reconciler.words import what_was_meant

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
    remedy = what_was_meant(name, there) if there else none
    return ReconcileError(f"there is no {what} `{name}`", remedy=remedy)


def nothing_applied(environment: str) -> ReconcileError:
    """The error of a command that asks about what is live, where nothing is yet."""
    return ReconcileError(
        f"nothing was applied to {environment} yet", remedy="Run reconcile first."
    )
