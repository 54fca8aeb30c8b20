"""Members written in a line each, and what a packing does with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from reconciler.cron import Timetable, minute, parse, parse_times
from reconciler.cron.clock import MINUTES_PER_DAY
from reconciler.pack import Member, PackedSlot

NOW = minute(datetime(2026, 11, 20, 12, tzinfo=UTC))
TODAY = NOW // MINUTES_PER_DAY
YEAR = 366

TYPICAL = (
    "analytics: 0 6 * * *",
    "health: 0 * * * *",
    "report: 0 9 * * 1",
    "monitoring: */5 * * * *",
    "sync: 0 */2 * * *",
    "cleanup: 0 3 * * *",
)
"""The six schedules of a typical production system."""


def members(*lines: str) -> list[Member]:
    """Read lines such as ``report: 0 9 * * 1 @ Europe/Berlin ~ 15``: times, zone, tolerance."""
    return [member(line) for line in lines]


def member(line: str) -> Member:
    name, _, rest = line.partition(": ")
    rest, _, tolerance = rest.partition(" ~ ")
    times, _, zone = rest.partition(" @ ")
    return Member(name, Timetable(parse_times(times), zone or "UTC"), int(tolerance or 0))


def drawn(slots: Iterable[PackedSlot]) -> dict[str, str]:
    """The slots by name: cron and schedules."""
    return {slot.name: " ".join([slot.cron, "<-", *slot.schedules]) for slot in slots}


def timetable_of(slot: PackedSlot) -> Timetable:
    return Timetable((parse(slot.cron),), "UTC")


def unserved(
    group: Iterable[Member], slots: Iterable[PackedSlot], years: int = 1
) -> Iterator[tuple[str, int]]:
    """Yield each schedule and day with a time that no wake of its slot follows soon enough."""
    slot_of = {name: timetable_of(slot) for slot in slots for name in slot.schedules}
    for one in group:
        for day in range(TODAY, TODAY + years * YEAR):
            due = one.timetable.minutes_of_day(day)
            if due and due & ~_followed(slot_of[one.name], day, one.tolerance):
                yield one.name, day


def _followed(slot: Timetable, day: int, tolerance: int) -> int:
    wakes = slot.minutes_of_day(day) | slot.minutes_of_day(day + 1) << MINUTES_PER_DAY
    followed = 0
    for late in range(tolerance + 1):
        followed |= wakes >> late
    return followed
