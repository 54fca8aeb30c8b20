"""What a run of a code target is given besides its arguments: which occurrence it is of."""

from __future__ import annotations

from typing import Any

from reconciler.attempts import ENVELOPE
from reconciler.model.occurrence import Occurrence, format_minute
from reconciler.policies import Delivery


def in_envelope(
    args: dict[str, Any], occurrence: Occurrence, scheduled: str, delivery: Delivery
) -> dict[str, Any]:
    """The arguments of a call of a code target's entry point.

    Args:
        scheduled: when a wake starts the run, ISO 8601.
    """
    about = {
        "id": occurrence.first.id,
        "run": occurrence.id,
        "nominal": format_minute(occurrence.at),
        "scheduled": scheduled,
        "delivery": delivery.value,
    }
    return {**args, ENVELOPE: about}


def of_try(args: dict[str, Any], number: int) -> dict[str, Any]:
    """The arguments of a further try; of another function than a code target's as they are."""
    if ENVELOPE not in args:
        return args
    return {**args, ENVELOPE: {**args[ENVELOPE], "attempt": number}}
