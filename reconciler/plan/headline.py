"""A plan in a few words, the same in a terminal and in a comment."""

from __future__ import annotations

from collections import Counter

from reconciler.plan.change import Action, Kind
from reconciler.plan.plan import Plan
from reconciler.words import count


def headline(plan: Plan) -> str:
    """What there is to do: ``3 to create, 1 to delete, 2 changes of slots and app``.

    Empty when there is nothing to do.
    """
    schedules = [change.action for change in plan.changes if change.kind is Kind.SCHEDULE]
    counts = Counter(schedules)
    parts = [f"{counts[action]} to {action}" for action in Action if counts[action]]
    others = len(plan.changes) - len(schedules)
    if others:
        parts.append(f"{count(others, 'change')} of slots and app")
    if plan.drift:
        parts.append(f"{len(plan.drift)} to repair")
    return ", ".join(parts)


def nothing_to_do(plan: Plan) -> str:
    """What an empty plan says."""
    if plan.actual.revision is not None:
        return "Nothing to do: the schedules are those of that commit."
    return "Nothing to do: what is live is what git says."
