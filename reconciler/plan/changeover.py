"""Runs that a change of times skips or doubles, because it is made between the old and the new.

A schedule that moves from 09:00 to 08:00 does not run at all on the day of the change when that is
made at 08:30; one that moves from 08:00 to 09:00 runs twice. Either is seen by counting runs in
the *period* of the change: the shortest of the hour, day, week, month and year around it, on the
new times' calendar, in which both the old and the new times have an occurrence. What runs in that
period is the old times' until the change and the new ones' from then on. That should be no less
than the lesser, and no more than the greater, of what the old and what the new times have in it.

* Fewer: the change *skips* the difference. These are the first of the old times still to come.
* More: the change *doubles* the difference. These are the first of the new times to come: they do
  again what the old times have done in this period.

So a change from daily to hourly, or to a time of tomorrow, skips and doubles nothing, and no change
does both. Occurrences before a schedule's beginning never count as runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice, takewhile
from typing import Final

from reconciler.dispatch.decide.nominal_times import running_times
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.plan.period import Period, periods_around

COUNTED: Final = 500
"""Occurrences in a period up to which they are counted: of a
schedule that runs so often a single run is not missed."""


@dataclass(frozen=True, slots=True)
class Changeover:
    """What a change skips and doubles; epoch minutes, ascending, of the old and the new times.

    Attributes:
        unit: the period that was counted in, ``day``; None where there is none.
    """

    skipped: tuple[int, ...] = ()
    doubled: tuple[int, ...] = ()
    unit: str | None = None


UNTOUCHED: Final = Changeover()
"""Nothing skipped, nothing doubled."""


def changeover(
    old: ScheduleRecord, new: ScheduleRecord, now: int, through: int | None
) -> Changeover:
    """What is skipped and doubled when ``new`` takes the place of ``old`` at an epoch minute.

    Args:
        through: the minute up to which wakes have served what was due, None when unknown. What was
            due since was not done and is not doubled; that it is given up is not said here.
    """
    if old.anchor == new.anchor or old.at is not None or new.at is not None:
        return UNTOUCHED  # the same times, or a task, which has but one
    for period in periods_around(now, new.timezone):
        was, will_be = _within(old, period), _within(new, period)
        if max(len(was), len(will_be)) > COUNTED:
            break
        if was and will_be:
            was = [at for at in was if at > old.anchor]
            return _counted(was, will_be, period, now, now if through is None else through)
    return UNTOUCHED


def _counted(
    was: Sequence[int], will_be: Sequence[int], period: Period, now: int, through: int
) -> Changeover:
    before = sum(at <= now for at in was)
    done = sum(at <= min(now, through) for at in was)
    to_come = [at for at in will_be if at > now]
    missing = min(len(was), len(will_be)) - (before + len(to_come))
    beyond = done + len(to_come) - max(len(was), len(will_be))
    return Changeover(
        skipped=tuple([at for at in was if at > now][: max(0, missing)]),
        doubled=tuple(to_come[: max(0, beyond)]),
        unit=period.unit,
    )


def _within(record: ScheduleRecord, period: Period) -> list[int]:
    """The times of a record in a period, whenever the record began."""
    since = period.start - 1
    times = running_times(replace(record, anchor=since), since)
    return list(islice(takewhile(lambda at: at < period.end, times), COUNTED + 1))
