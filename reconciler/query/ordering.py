"""In which order ``reconcile list`` lists schedules. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from reconciler.model.runs import duration
from reconciler.query.status import ScheduleStatus, State


class SortKey(StrEnum):
    """By what schedules may be sorted."""

    NAME = "name"
    STATE = "state"
    """In the order of :class:`State`: what needs attention first."""
    LAST = "last"
    """The one that ran last first."""
    DURATION = "duration"
    """The one that took longest first."""
    NEXT = "next"
    OWNER = "owner"


def in_order_of(schedules: Iterable[ScheduleStatus], key: SortKey) -> tuple[ScheduleStatus, ...]:
    """The schedules in that order, and by name where that makes no difference; those without a
    value come last."""
    states = list(State)

    def place(one: ScheduleStatus) -> tuple[bool, float | str]:
        last = one.last
        took = None if last is None else duration(last)
        match key:
            case SortKey.NAME:
                return False, one.record.name
            case SortKey.STATE:
                return False, states.index(one.state)
            case SortKey.LAST:
                return last is None, 0 if last is None else -last.occurrence.at
            case SortKey.DURATION:
                return took is None, -(took or 0)
            case SortKey.NEXT:
                return one.following is None, one.following or 0
            case SortKey.OWNER:
                return one.record.owner is None, one.record.owner or ""

    return tuple(sorted(schedules, key=lambda one: (place(one), one.record.name)))
