"""What is due: the nominal times since the last wake, and what the policies make of them. Pure."""

from __future__ import annotations

from typing import NamedTuple

from reconciler.dispatch.calendar import nominal_times
from reconciler.dispatch.cursor import Horizon
from reconciler.dispatch.generation import Generation
from reconciler.dispatch.policy import LetGo, judge
from reconciler.dispatch.record import Record


class Due(NamedTuple):
    """What is to be done about one schedule."""

    record: Record
    start: tuple[int, ...]
    let_go: tuple[LetGo, ...] = ()


def find_due(generation: Generation, horizon: Horizon, now: int) -> list[Due]:
    """What is due up to ``now`` and what the policies make of it, by name. Pure; epoch minutes."""
    found = []
    for number in generation.agenda.candidates(horizon, now):
        record = generation.records[number]
        times = nominal_times(record, horizon.of(record.anchor), now)
        if times:
            verdict = judge(record, times, now, generation.punctuality)
            found.append(Due(record, verdict.start, verdict.let_go))
    return found
