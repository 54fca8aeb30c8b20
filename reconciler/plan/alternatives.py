"""What another choice would cost: the other packing, one cron fewer or more, no tolerance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from reconciler.manifest import Packing
from reconciler.model.generation import Generation, Slot
from reconciler.pack import Member, wakes_saved_by_tolerance
from reconciler.plan.forecast import wakes_of
from reconciler.plan.slots import pack_members, slots_at_hand

COMPARED: Final = 1_000
"""Beyond so many schedules nothing is compared: packing several times more would be felt."""


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


def other_choices(
    members: Sequence[Member], packing: Packing, available: int | None, now: int
) -> tuple[Alternative, ...]:
    """The other choices, as if nothing were deployed yet.

    Args:
        members: what has to be woken for.
        packing: the one that was chosen.
        available: crons that may be used; without a limit there is nothing to choose.
        now: epoch minute.
    """
    if available is None or not 0 < len(members) <= COMPARED:
        return ()
    return tuple(
        _measured(members, other, crons, now) for other, crons in _choices(packing, available)
    )


def saved_by_tolerance(
    members: Sequence[Member],
    packing: Packing,
    available: int | None,
    now: int,
    known: Sequence[Generation],
) -> int:
    """How many wakes a month more there would be if no schedule could wait.

    Args:
        members, packing, available, now: as for :func:`other_choices`.
        known: what was applied.
    """
    if available == 0 or len(members) > COMPARED:
        return 0
    saved = wakes_saved_by_tolerance(members, packing, available, now, slots_at_hand(known, now))
    return max(0, round(saved))


def _choices(packing: Packing, available: int) -> Iterator[tuple[Packing, int]]:
    if available > 0:
        yield from ((other, available) for other in Packing if other is not packing)
    yield from ((packing, crons) for crons in (available - 1, available + 1) if crons > 0)


def _measured(members: Sequence[Member], packing: Packing, crons: int, now: int) -> Alternative:
    packed = pack_members(members, packing, crons, now)
    slots = [Slot(slot.name, slot.cron) for slot in packed]
    return Alternative(packing, crons, len(slots), wakes_of(slots, now))
