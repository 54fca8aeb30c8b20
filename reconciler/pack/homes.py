"""In which slot each schedule is listed, where several slots wake for it.

Every slot has to be some schedule's: people read it by the schedules that it lists.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from reconciler.pack.demand import Demand
from reconciler.pack.service import served
from reconciler.pack.shape import cost

NOTHING: Final[Mapping[Any, Any]] = MappingProxyType({})


def homes(
    demands: Sequence[Demand],
    covers: Sequence[int],
    given: Mapping[int, int] = NOTHING,
    known: Mapping[str, set[int]] = NOTHING,
) -> list[int] | None:
    """Return the slot of each demand: one that it was in, and where most of its times are served.

    Among equals it is the one that wakes least. A slot that is nobody's best gets one for which it
    serves less.

    Args:
        given: numbers of demands to those of their slots, where that is settled.
        known: names to the slots that continue those that the names were in.

    Returns:
        Numbers of covers; None when there is no way to give every slot a demand.
    """
    service = [[served(demand, cover) for cover in covers] for demand in demands]
    found = []
    for n, demand in enumerate(demands):
        continued = {slot for name in demand.names for slot in known.get(name, ())}
        found.append(given[n] if n in given else _best(service[n], covers, continued))
    moving = _Moving(service, found)
    for slot in range(len(covers)):
        if slot not in found and not moving.fill(slot, {slot}):
            return None
    return found


def _best(served: Sequence[int], covers: Sequence[int], continued: set[int]) -> int:
    def merit(n: int) -> tuple[bool, int, int, int]:
        kept = n in continued and served[n] > 0
        return kept, served[n].bit_count(), -cost(covers[n]), covers[n]

    return max(range(len(covers)), key=merit)


class _Moving:
    """Moves demands to slots that have none, along augmenting paths of a bipartite matching."""

    def __init__(self, service: Sequence[Sequence[int]], found: list[int]) -> None:
        self._service = service
        self._found = found

    def fill(self, slot: int, visited: set[int]) -> bool:
        """Move a demand into a slot, and others after it where that leaves a slot without any."""
        candidates = [n for n, served in enumerate(self._service) if served[slot]]
        for n in sorted(candidates, key=lambda n: (-self._service[n][slot].bit_count(), n)):
            left = self._found[n]
            if left in visited:
                continue
            visited.add(left)
            self._found[n] = slot
            if left in self._found or self.fill(left, visited):
                return True
            self._found[n] = left
        return False
