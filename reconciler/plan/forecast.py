"""How often a plan wakes: per month, by slot and in all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from reconciler.cron import Timetable, parse
from reconciler.model.generation import Slot
from reconciler.pack import EVERY_MINUTE, wakes_per_month


@dataclass(frozen=True, slots=True)
class Wakes:
    """Wakes per month, rounded to whole ones.

    Attributes:
        per_month: of the planned slots together.
        by_slot: of each of them.
        idle: of those that are solo, the wakes at which their schedule is not due, where there are
            any: a cron in UTC wakes at every offset that the schedule's zone ever has.
        floor: the distinct minutes in which something is due; no packing wakes less often.
        every_minute: of a poller that wakes every minute.
    """

    per_month: int
    by_slot: Mapping[str, int]
    idle: Mapping[str, int]
    floor: int
    every_minute: int = EVERY_MINUTE


def forecast(slots: Iterable[Slot], timetables: Mapping[str, Timetable], now: int) -> Wakes:
    """Count the wakes of the year that follows.

    Args:
        timetables: of the schedules that have to be woken for, by name.
        now: epoch minute.
    """
    by_slot = {slot.name: _wakes(slot, now) for slot in slots}
    return Wakes(
        per_month=round(sum(by_slot.values())),
        by_slot={name: round(wakes) for name, wakes in by_slot.items()},
        idle={name: idle for name, idle in _idle(by_slot, timetables, now) if idle},
        floor=round(wakes_per_month(set(timetables.values()), now)),
    )


def wakes_of(slots: Iterable[Slot], now: int) -> int:
    """How often these slots wake in a month, together."""
    return round(sum(_wakes(slot, now) for slot in slots))


def slot_timetable(slot: Slot) -> Timetable:
    """When a slot wakes."""
    return Timetable((parse(slot.cron),), slot.timezone)


def _idle(
    by_slot: Mapping[str, float], timetables: Mapping[str, Timetable], now: int
) -> Iterator[tuple[str, int]]:
    for name, wakes in by_slot.items():
        timetable = timetables.get(name)  # a solo slot bears its schedule's name
        if timetable is not None and timetable.zone != "UTC":
            yield name, max(0, round(wakes - wakes_per_month([timetable], now)))


def _wakes(slot: Slot, now: int) -> float:
    return wakes_per_month([slot_timetable(slot)], now)
