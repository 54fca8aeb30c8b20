"""Packing ``one-poller``: solo slots while the budget lasts, one poller for the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from reconciler.cron import Timetable, cover
from reconciler.pack.slots import POLLER, Member, PackedSlot, by_times
from reconciler.pack.wakes import wakes_per_month

CANDIDATES: Final = 24
"""Groups of equal times that are tried as the next solo slot: those with the fewest wakes."""


class BudgetError(Exception):
    """There are schedules to wake for and no cron to do it with."""


def one_poller(members: Iterable[Member], budget: int | None, now: int) -> tuple[PackedSlot, ...]:
    """Pack the members into at most ``budget`` slots.

    Within the budget every schedule is solo. Beyond it, schedules are taken out of the poller one
    after the other, each time the one whose leaving saves the most wakes; ties go to the first
    name, so that the outcome does not depend on the order of the members.

    Args:
        budget: slots that may be used; None for no limit.
        now: epoch minute from which on covers must hold.

    Returns:
        The slots, sorted by name.

    Raises:
        BudgetError: the budget is zero and there are members.
    """
    members = tuple(members)
    if not members:
        return ()
    if budget is not None and budget < 1:
        raise BudgetError
    if budget is None or len(members) <= budget:
        slots = [_solo(member.name, member.timetable, now) for member in members]
    else:
        slots = _with_poller(by_times(members), budget, now)
    return tuple(sorted(slots, key=lambda slot: slot.name))


def _with_poller(
    groups: Mapping[Timetable, tuple[str, ...]], budget: int, now: int
) -> list[PackedSlot]:
    polled = dict(groups)
    solos: list[PackedSlot] = []
    while len(solos) < budget - 1:
        best = _best_to_leave(polled, now)
        if best is None:
            break
        (name,) = polled.pop(best)
        solos.append(_solo(name, best, now))
    names = sorted(name for group in polled.values() for name in group)
    cron = cover(polled, now)
    return [*solos, PackedSlot(POLLER, cron.text, "UTC", tuple(names))]


def _best_to_leave(polled: Mapping[Timetable, Sequence[str]], now: int) -> Timetable | None:
    """The timetable whose leaving the poller saves most, None when none saves anything."""
    alone = [timetable for timetable, names in polled.items() if len(names) == 1]
    alone.sort(key=lambda timetable: (_wakes([timetable], now), polled[timetable][0]))
    best, least = None, _wakes(polled, now)
    if len(polled) == 1:
        return None
    for timetable in alone[:CANDIDATES]:
        rest = [other for other in polled if other != timetable]
        total = _wakes(rest, now) + _wakes([timetable], now)
        if total < least:
            best, least = timetable, total
    return best


def _wakes(timetables: Iterable[Timetable], now: int) -> float:
    return wakes_per_month([Timetable((cover(timetables, now),), "UTC")], now)


def _solo(name: str, timetable: Timetable, now: int) -> PackedSlot:
    return PackedSlot(name, cover([timetable], now).text, "UTC", (name,))
