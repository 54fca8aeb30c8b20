"""What another choice would cost: the other packing, one cron fewer, one cron more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from reconciler.dispatch.generation import Slot
from reconciler.manifest import Packing, Schedule
from reconciler.plan.forecast import cost_usd, wakes_of
from reconciler.plan.slots import pack_schedules

COMPARED: Final = 200
"""Beyond so many schedules nothing is compared: packing thrice more would be felt."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another choice.

    Attributes:
        crons: how many might be used.
        used: how many it would use.
        wakes: per month, of its slots together.
    """

    packing: Packing
    crons: int
    used: int
    wakes: int

    @property
    def cost_usd(self) -> float:
        """Dollars per month at the list price."""
        return cost_usd(self.wakes)


def alternatives(
    waking: Iterable[Schedule], packing: Packing, available: int | None, now: int
) -> tuple[Alternative, ...]:
    """The other choices, as if nothing were deployed yet.

    Args:
        waking: the schedules that have to be woken for.
        packing: the one that was chosen.
        available: crons that may be used; without a limit there is nothing to choose.
        now: epoch minute.
    """
    waking = list(waking)
    if available is None or not 0 < len(waking) <= COMPARED:
        return ()
    return tuple(
        _measured(waking, other, crons, now) for other, crons in _choices(packing, available)
    )


def _choices(packing: Packing, available: int) -> Iterator[tuple[Packing, int]]:
    if available > 0:
        yield from ((other, available) for other in Packing if other is not packing)
    yield from ((packing, crons) for crons in (available - 1, available + 1) if crons > 0)


def _measured(waking: list[Schedule], packing: Packing, crons: int, now: int) -> Alternative:
    packed = pack_schedules(waking, packing, crons, now)
    slots = [Slot(slot.name, slot.cron, slot.timezone) for slot in packed]
    return Alternative(packing, crons, len(slots), wakes_of(slots, now))
