"""Which slot wakes for which schedules."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from reconciler.cron import Timetable

POLLER: Final = "poller"
"""The name of the first shared slot; the others are ``poller-2``, ``poller-3`` and so on."""


@dataclass(frozen=True, slots=True)
class Member:
    """A schedule to be packed: its name and its times."""

    name: str
    timetable: Timetable


@dataclass(frozen=True, slots=True)
class PackedSlot:
    """One cron to deploy.

    Attributes:
        name: the schedule's name for a solo slot, ``poller`` or ``poller-N`` for a shared one.
        cron: the cover of its schedules, read in ``timezone``.
        schedules: the names of the schedules that it wakes for, sorted.
    """

    name: str
    cron: str
    timezone: str
    schedules: tuple[str, ...]


def by_times(members: Iterable[Member]) -> dict[Timetable, tuple[str, ...]]:
    """Put members with equal times together, in the order of their first names."""
    groups: dict[Timetable, list[str]] = {}
    for member in sorted(members, key=lambda member: member.name):
        groups.setdefault(member.timetable, []).append(member.name)
    return {timetable: tuple(names) for timetable, names in groups.items()}
