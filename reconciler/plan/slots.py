"""Schedules into slots: the packing that was asked for, as near as can be to what is live."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reconciler.cron import Timetable, cover, parse_times
from reconciler.manifest import Packing, Resolution, Schedule
from reconciler.model.generation import TASK_TICK, Generation, Slot
from reconciler.pack import BudgetError, Member, PackedSlot, pack
from reconciler.plan.compilation import minutes, needs_waking, timetable_of
from reconciler.plan.forecast import slot_timetable


def pack_members(
    members: Iterable[Member],
    packing: Packing,
    available: int | None,
    now: int,
    known: Sequence[Generation] = (),
) -> tuple[PackedSlot, ...]:
    """Pack what has to be woken for; no slots when there is no cron for any.

    Args:
        available: crons that may be used, None without limit.
        now: epoch minute.
        known: what was applied; the first of them is what the packing changes as little as it can.
    """
    try:
        return pack(members, packing, available, now, slots_at_hand(known, now))
    except BudgetError:
        return ()


def members_of(schedules: Iterable[Schedule], tasks: Resolution | None, now: int) -> list[Member]:
    """What has to be woken for, as the packer wants it.

    Args:
        tasks: how often to wake for tasks that programs create; a member like the schedules.
        now: epoch minute.
    """
    members = [
        Member(schedule.name, timetable_of(schedule), minutes(schedule.tolerance))
        for schedule in schedules
        if needs_waking(schedule, now)
    ]
    if tasks is not None:
        members.append(Member(TASK_TICK, Timetable(parse_times(tasks.value), "UTC")))
    return members


def slots_at_hand(known: Sequence[Generation], now: int) -> tuple[PackedSlot, ...]:
    """The slots that were applied, as the packer wants them; the first generation counts.

    Args:
        now: epoch minute.
    """
    if not known:
        return ()
    applied = known[0]
    return tuple(
        PackedSlot(slot.name, _in_utc(slot, now), applied.served.get(slot.name, ()))
        for slot in applied.slots
    )


def _in_utc(slot: Slot, now: int) -> str:
    """The cron of a slot, also of one that an earlier version deployed in a zone of its own."""
    if slot.timezone == "UTC":
        return slot.cron
    return cover([slot_timetable(slot)], now).text
