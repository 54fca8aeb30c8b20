"""How long it takes from a time, or from a trigger, to a start. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.model.runs import Run, lateness


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds.

    Attributes:
        number: of what they were measured.
    """

    number: int
    least: float
    median: float
    p99: float


@dataclass(frozen=True, slots=True)
class WakeLatency:
    """The two parts of the time from a trigger to a start.

    Attributes:
        to_wake: from the trigger to the wake.
        to_start: from the wake to the first start; None where none of them started a run.
    """

    to_wake: Latency
    to_start: Latency | None


def latency_of(runs: Iterable[Run]) -> Latency | None:
    """From its nominal time to the start of each run; None when none has started."""
    return latency(seconds for run in runs if (seconds := lateness(run)) is not None)


def latency(seconds: Iterable[float]) -> Latency | None:
    """The latency of these; None when there are none."""
    found = sorted(max(0.0, round(one, 1)) for one in seconds)
    if not found:
        return None
    p99 = found[math.ceil(len(found) * 0.99) - 1]
    return Latency(len(found), found[0], found[len(found) // 2], p99)
