"""What is due: the nominal times since the last wake, and what the policies make of them. Pure."""

from __future__ import annotations

from collections.abc import Container
from typing import NamedTuple

from reconciler.dispatch.decide.calendar import nominal_times
from reconciler.dispatch.decide.policy import LetGo, judge
from reconciler.model.cursor import Horizon
from reconciler.model.generation import Generation
from reconciler.model.record import Record


class Due(NamedTuple):
    """What is to be done about one schedule."""

    record: Record
    start: tuple[int, ...]
    let_go: tuple[LetGo, ...] = ()

    @property
    def times(self) -> tuple[int, ...]:
        """All epoch minutes that this is about."""
        return (*self.start, *(at for item in self.let_go for at in item.times))

    @property
    def oldest(self) -> int:
        """The oldest of them."""
        return min(self.times)

    def without(self, times: Container[int]) -> Due:
        """The same, but for these epoch minutes."""
        cut = (
            item._replace(times=tuple(at for at in item.times if at not in times))
            for item in self.let_go
        )
        start = tuple(at for at in self.start if at not in times)
        return self._replace(start=start, let_go=tuple(item for item in cut if item.times))


def find_due(generation: Generation, horizon: Horizon, now: int) -> list[Due]:
    """What is due up to ``now`` and what the policies make of it, by name. Pure; epoch minutes."""
    found = []
    for record in _candidates(generation, horizon, now):
        since = horizon.of(record.anchor, generation.begun.get(record.name, 0))
        times = nominal_times(record, since, now)
        if times:
            verdict = judge(record, times, now, generation.punctuality)
            found.append(Due(record, verdict.start, verdict.let_go))
    return found


def _candidates(generation: Generation, horizon: Horizon, now: int) -> list[Record]:
    """The records that may be due, by name."""
    found: dict[str, Record] = {}
    for record in map(generation.read, generation.candidates(horizon, now)):
        if record is not None:
            found.setdefault(record.name, record)
    if horizon.number is not None:
        for name, number in generation.begun.items():
            if number > horizon.number and name not in found:
                record = generation.find(name)
                if record is not None:
                    found[name] = record
    return [found[name] for name in sorted(found)]
