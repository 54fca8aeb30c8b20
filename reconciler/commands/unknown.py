"""A schedule was named that does not exist."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.errors import ReconcileError
from reconciler.words import what_was_meant


def unknown_schedule(name: str, known: Iterable[str], what: str = "schedule") -> ReconcileError:
    """The error, with the names that may have been meant.

    Args:
        known: the schedules that there are.
        what: else it might have named.
    """
    return ReconcileError(f"there is no {what} `{name}`", remedy=what_was_meant(name, known))
