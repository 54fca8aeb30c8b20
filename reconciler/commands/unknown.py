"""A schedule was named that does not exist."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from reconciler.errors import ReconcileError


def unknown_schedule(name: str, known: Iterable[str], what: str = "schedule") -> ReconcileError:
    """The error, with the names that may have been meant.

    Args:
        known: the schedules that there are.
        what: else it might have named.
    """
    names = sorted(known)
    near = get_close_matches(name, names, n=3)
    if near:
        remedy = f"Did you mean {' or '.join(near)}?"
    else:
        remedy = f"There are {len(names)}: {', '.join(names[:10])}{', …' if names[10:] else ''}"
    return ReconcileError(f"there is no {what} `{name}`", remedy=remedy)
