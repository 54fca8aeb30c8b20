"""Schedules into slots: the packing that the settings ask for, close to what is deployed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reconciler.cron import Timetable, cover, parse_times
from reconciler.manifest import Packing, Resolution, Schedule
from reconciler.model.generation import SAFETY_TICK, TASK_TICK, Generation, Slot, Worker
from reconciler.pack import BudgetError, Member, PackedSlot, pack
from reconciler.plan.compilation import needs_waking, timetable_of
from reconciler.plan.forecast import slot_timetable


def pack_members(
    members: Iterable[Member],
    packing: Packing,
    available: int | None,
    now: int,
    known: Sequence[Generation] = (),
) -> tuple[PackedSlot, ...]:
    """Pack the schedules that need wakes; no slots when there is no cron for any.

    Args:
        available: crons that may be used, None without limit.
        now: epoch minute.
        known: what was applied; the first of them is what the packing changes as little as it can.
    """
    try:
        return pack(members, packing, available, now, deployed_slots(known, now))
    except BudgetError:
        return ()


def members_of(schedules: Iterable[Schedule], tasks: Resolution | None, now: int) -> list[Member]:
    """The schedules that need wakes, as members of a packing.

    Args:
        tasks: how often to wake for tasks that programs create; a member like the schedules.
        now: epoch minute.
    """
    members = [
        Member(schedule.name, timetable_of(schedule), schedule.tolerance)
        for schedule in schedules
        if needs_waking(schedule, now)
    ]
    if tasks is not None:
        members.append(Member(TASK_TICK, Timetable(parse_times(tasks.value), "UTC")))
    return members


def members_of_modal(
    members: Sequence[Member], worker: Worker | None, safety: str | None
) -> Sequence[Member]:
    """What Modal's crons wake for, beside a Worker on Cloudflare.

    Args:
        members: what has to be woken for.
        safety: how often a cron of Modal wakes beside it; None where there is no Worker.
    """
    if worker is None or safety is None or not members:
        return members
    poller = Member(SAFETY_TICK, Timetable(parse_times(safety), "UTC"))
    return (poller,) if worker.alone else (*members, poller)


def deployed_slots(known: Sequence[Generation], now: int) -> tuple[PackedSlot, ...]:
    """The slots of the first generation, which was applied.

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
