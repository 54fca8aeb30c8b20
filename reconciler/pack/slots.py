"""What is packed and what comes out: members in, slots out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from reconciler.cron import Timetable

POLLER: Final = "poller"
"""The name of the first shared slot; the others are ``poller-2``, ``poller-3`` and so on."""


@dataclass(frozen=True, slots=True)
class Member:
    """A schedule to be packed.

    Attributes:
        name: unique among the members.
        timetable: its nominal times.
        tolerance: minutes by which a wake may come after a nominal time, 0 to 1,440.
    """

    name: str
    timetable: Timetable
    tolerance: int = 0


@dataclass(frozen=True, slots=True)
class PackedSlot:
    """One cron to deploy.

    Attributes:
        name: the schedule's name for a solo slot, ``poller`` or ``poller-N`` for a shared one.
        cron: the cover of its schedules, in UTC.
        schedules: the names of the schedules that it wakes for, sorted.
        relies_on: the names of slots whose wakes serve some of those schedules' times, so that
            this one need not wake then; sorted, mostly empty.
    """

    name: str
    cron: str
    schedules: tuple[str, ...]
    relies_on: tuple[str, ...] = ()
