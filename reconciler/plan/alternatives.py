"""What another packing would cost: the other one, one cron fewer or more, no tolerance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from reconciler.manifest import Packing
from reconciler.model.generation import Generation, Slot
from reconciler.pack import Member
from reconciler.plan.forecast import wakes_of
from reconciler.plan.slot_members import pack_members


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another packing.

    Attributes:
        crons: how many might be used.
        used: how many it would use.
        wakes: per month, of its slots together.
    """

    packing: Packing
    crons: int
    used: int
    wakes: int


def other_packings(
    members: Sequence[Member], packing: Packing, available: int | None, now: int
) -> tuple[Alternative, ...]:
    """Return the other packings, as if nothing were deployed yet.

    Args:
        members: the schedules that need wakes.
        packing: the one that was chosen.
        available: crons that may be used; without a limit there is nothing to choose.
        now: epoch minute.
    """
    if available is None or not members:
        return ()
    return tuple(
        _measured(members, other, crons, now) for other, crons in _choices(packing, available)
    )


def wakes_without_tolerance(
    members: Sequence[Member],
    packing: Packing,
    available: int | None,
    now: int,
    known: Sequence[Generation],
) -> int:
    """Return the wakes a month that there would be if no schedule could run late.

    Args:
        members, packing, available, now: as for :func:`other_packings`.
        known: what was applied.
    """
    punctual = [replace(member, tolerance=0) for member in members]
    packed = pack_members(punctual, packing, available, now, known)
    return wakes_of([Slot(slot.name, slot.cron) for slot in packed], now)


def _choices(packing: Packing, available: int) -> Iterator[tuple[Packing, int]]:
    if available > 0:
        yield from ((other, available) for other in Packing if other is not packing)
    yield from ((packing, crons) for crons in (available - 1, available + 1) if crons > 0)


def _measured(members: Sequence[Member], packing: Packing, crons: int, now: int) -> Alternative:
    packed = pack_members(members, packing, crons, now)
    slots = [Slot(slot.name, slot.cron) for slot in packed]
    return Alternative(packing, crons, len(slots), wakes_of(slots, now))
