"""croniter asked before a deploy whether it reads a slot's expression as we do.

Modal does not say how it evaluates crons; its server very likely uses croniter. What both read
alike is safe. What they read differently would wake at other minutes than a plan says, so it is
refused. Slots are in UTC, where no clock changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from reconciler.cron import Timetable, instant, parse
from reconciler.cron.clock import MINUTES_PER_DAY
from reconciler.model.generation import Slot
from reconciler.model.occurrence import format_minute
from reconciler.plan.safety import Refusal, SafetyRule

AHEAD: Final = 400
"""Days that are compared: a year, and all of what a month may shift it by."""
FIRES: Final = 2_000
"""Fires that are compared of one slot, at most."""
FIRES_IN_ALL: Final = 10_000
"""Fires that are compared of all slots of a plan, which share them evenly: croniter takes a tenth
of a millisecond for one. Five slots have theirs in full."""
LEAST_FIRES: Final = 8
"""Fires that are compared of every slot, however many there are."""
LEAP_DAY_AHEAD: Final = 9 * 366
"""Days within which there is a 29 February, also over 2100."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """The first fire after an epoch minute, as we and as croniter compute it.

    Attributes:
        ours, theirs: epoch minutes; None for none.
        error: what croniter says when it refuses the expression.
    """

    after: int
    ours: int | None
    theirs: int | None
    error: str | None = None


def refuse_other_readings(slots: Sequence[Slot], now: int) -> Iterator[Refusal]:
    """A slot that croniter reads otherwise than we do would wake at other times than planned.

    Args:
        slots: those that are created or updated, in UTC.
        now: epoch minute; what is compared begins with its day.
    """
    start = now - now % MINUTES_PER_DAY - 1
    share = max(LEAST_FIRES, min(FIRES, FIRES_IN_ALL // max(len(slots), 1)))
    answers: dict[str, Disagreement | None] = {}
    days_asked: set[str] = set()
    for slot in slots:
        if slot.cron not in answers:
            days = slot.cron.partition(" ")[2].partition(" ")[2]
            month_ends = days not in days_asked
            answers[slot.cron] = difference(slot.cron, start, share, month_ends=month_ends)
            days_asked.add(days)
        found = answers[slot.cron]
        if found is not None:
            yield _refusal(slot, found)


@lru_cache(maxsize=1024)
def difference(cron: str, start: int, fires: int, *, month_ends: bool) -> Disagreement | None:
    """Return the first difference that is found between croniter and us; None when there is none.

    Args:
        cron: five fields, read in UTC.
        start: epoch minute; compared are the fires after it.
        fires: how many, at most, within `AHEAD` days.
        month_ends: also compare around each end of a month in these days, and around the next
            29 February, however many fires lie before.
    """
    from croniter import CroniterError, croniter  # start-up time: only a plan that changes slots

    timetable = Timetable((parse(cron),), "UTC")
    until = start + AHEAD * MINUTES_PER_DAY
    try:
        theirs = croniter(cron, start * 60)
        at = start
        for _ in range(fires):
            after, ours = at, timetable.next(at)
            answered = int(theirs.get_next(float)) // 60
            if ours is None or answered != ours:
                return Disagreement(after, ours, answered)
            at = ours
            if at > until:
                return None  # nothing was left out: the ends of months were among them
        for after in _ends_of_months(start, until) if month_ends else ():
            ours = timetable.next(after)
            answered = int(croniter(cron, after * 60).get_next(float)) // 60
            if answered != ours:
                return Disagreement(after, ours, answered)
    except CroniterError as error:
        return Disagreement(start, timetable.next(start), None, str(error))
    return None


def _ends_of_months(start: int, until: int) -> Iterator[int]:
    """Yield the minutes before each last day of a month, and before the day that follows it."""
    first = start // MINUTES_PER_DAY + 1
    last = until // MINUTES_PER_DAY
    days = [
        day
        for day in range(first, last + 1)
        if instant((day + 1) * MINUTES_PER_DAY).day == 1 or _is_leap_day(day)
    ]
    leap = next(day for day in range(first, first + LEAP_DAY_AHEAD) if _is_leap_day(day))
    for day in sorted({*days, leap}):
        yield day * MINUTES_PER_DAY - 1
        yield (day + 1) * MINUTES_PER_DAY - 1


def _is_leap_day(day: int) -> bool:
    date = instant(day * MINUTES_PER_DAY)
    return (date.month, date.day) == (2, 29)


def _refusal(slot: Slot, found: Disagreement) -> Refusal:
    ours = "never" if found.ours is None else f"at {format_minute(found.ours)}"
    if found.theirs is None:
        theirs = f"croniter refuses it: {found.error}"
    else:
        theirs = f"croniter fires at {format_minute(found.theirs)}"
    return Refusal(
        SafetyRule.CRON_DIALECT,
        f"the slot {slot.name} might wake at other times than planned: after "
        f"{format_minute(found.after)} `{slot.cron}` fires {ours} as this version reads it, and "
        f"{theirs}. Modal very likely evaluates crons with croniter",
        "write the schedules of this slot so that both agree, with lists in place of steps; if it "
        "began with another version of croniter, install the one from before",
    )
