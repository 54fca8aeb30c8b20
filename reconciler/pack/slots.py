"""What is packed and what comes out: members in, slots out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from reconciler.cron import Timetable
from reconciler.errors import ReconcileError

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
    """

    name: str
    cron: str
    schedules: tuple[str, ...]


class BudgetError(ReconcileError):
    """There are schedules to wake for and no cron to do it with."""

    def __init__(self, members: int) -> None:
        super().__init__(
            f"no cron is left to wake for {members} schedules",
            remedy="free one of the crons that others hold, or lower `reserve`",
        )


def require_a_slot(budget: int | None, members: int) -> None:
    """Raise BudgetError if a budget is less than one slot; None is no limit."""
    if budget is not None and budget < 1:
        raise BudgetError(members)
