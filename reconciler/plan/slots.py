"""Schedules into slots: the packing that was asked for, as near as can be to what is live."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reconciler.dispatch.generation import Generation
from reconciler.manifest import Packing, Schedule
from reconciler.pack import BudgetError, Member, PackedSlot, pack
from reconciler.plan.compilation import minutes, timetable_of


def pack_schedules(
    waking: Iterable[Schedule],
    packing: Packing,
    available: int | None,
    now: int,
    known: Sequence[Generation] = (),
) -> tuple[PackedSlot, ...]:
    """Pack the schedules that have to be woken for; no slots when there is no cron for any.

    Args:
        available: crons that may be used, None without limit.
        now: epoch minute.
        known: what was applied; the first of them is what the packing changes as little as it can.
    """
    try:
        return pack(members_of(waking), packing, available, now, slots_at_hand(known))
    except BudgetError:
        return ()


def members_of(waking: Iterable[Schedule]) -> list[Member]:
    """The schedules as the packer wants them."""
    return [
        Member(schedule.name, timetable_of(schedule), minutes(schedule.tolerance))
        for schedule in waking
    ]


def slots_at_hand(known: Sequence[Generation]) -> tuple[PackedSlot, ...]:
    """The slots that were applied, as the packer wants them; the first generation counts."""
    if not known:
        return ()
    applied = known[0]
    return tuple(
        PackedSlot(slot.name, slot.cron, slot.timezone, applied.served.get(slot.name, ()))
        for slot in applied.slots
    )
