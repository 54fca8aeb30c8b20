"""What the next change of the clock in a schedule's zone does to its times.

Two things move. From the change on, a time of day in the zone is another one in UTC. And on the
day itself, what falls into the stretch that the clock jumps over runs when the jump is done. What
falls into a stretch that comes twice does not move: it runs the first time only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import Final

from reconciler.cron import Timetable, Transition, zone_named
from reconciler.cron.clock import MINUTES_PER_DAY
from reconciler.cron.fields import HOUR
from reconciler.dispatch.decide.nominal_times import exclusion, running_times
from reconciler.model.schedule_record import ScheduleRecord

AHEAD: Final = 400 * MINUTES_PER_DAY
"""Minutes within which the next change is looked for: a year, and what a rule may shift it by."""
LOOKED_AT: Final = 8 * MINUTES_PER_DAY
"""Minutes after the change of which every occurrence is looked at: a week has all times of day of
most schedules. Of one that has no occurrence in them the next one is shown."""
OCCURRENCES: Final = 2_000
"""Occurrences looked at, at most."""


@dataclass(frozen=True, slots=True)
class MovedTime:
    """A time of day of a schedule; minutes after midnight.

    Attributes:
        local: in its zone, where it stays.
        before, after: in UTC, until the change and from then on.
    """

    local: int
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class JumpedTime:
    """A nominal time that the clock jumps over.

    Attributes:
        local: minutes since 1970-01-01T00:00 on the local clock.
        runs: the epoch minute at which it runs instead; None when it does not run on that day.
    """

    local: int
    runs: int | None


@dataclass(frozen=True, slots=True)
class ClockChange:
    """The next change of a zone's clock, and what it moves of a schedule.

    Attributes:
        at: the first epoch minute of the new offset.
        before, after: offsets in minutes east of UTC.
        moved: the times of day that are others in UTC from then on, ascending.
        jumped: the nominal times of that day that the clock jumps over.
    """

    zone: str
    at: int
    before: int
    after: int
    moved: tuple[MovedTime, ...]
    jumped: tuple[JumpedTime, ...]


def next_clock_change(record: ScheduleRecord, now: int) -> ClockChange | None:
    """What the next change of the clock moves; None when there is none or it moves nothing.

    Args:
        now: epoch minute.
    """
    timetable = record.timetable()
    if timetable is None:
        return None
    changes = zone_named(record.timezone).transitions(now, now + AHEAD)
    return _moved_by(changes[0], record, timetable) if changes else None


def _moved_by(
    change: Transition, record: ScheduleRecord, timetable: Timetable
) -> ClockChange | None:
    running = running_times(record, change.minute)
    first = list(islice(running, 1))
    soon = takewhile(lambda at: at <= change.minute + LOOKED_AT, running)
    moved = _moved([*first, *islice(soon, OCCURRENCES)], change.before, change.after)
    jumped = _jumped(timetable, change) if _runs_on(record, change.minute) else ()
    if not moved and not jumped:
        return None
    return ClockChange(record.timezone, change.minute, change.before, change.after, moved, jumped)


def _moved(times: Iterable[int], before: int, after: int) -> tuple[MovedTime, ...]:
    """The times of day that move; none when they are the same in UTC, all together, as before."""
    days = sorted({(at + after) % MINUTES_PER_DAY for at in times})
    found = tuple(
        MovedTime(local, (local - before) % MINUTES_PER_DAY, (local - after) % MINUTES_PER_DAY)
        for local in days
    )
    same = {item.before for item in found} == {item.after for item in found}
    return () if same else found


def _jumped(timetable: Timetable, change: Transition) -> tuple[JumpedTime, ...]:
    """The times jumped over. Of what runs at every hour none is missed: it follows real time."""
    first, end = change.minute + change.before, change.minute + change.after
    found: dict[int, int | None] = {}
    for expression in timetable.expressions:
        if expression.wildcard and expression.hours == HOUR.full:
            continue
        # Read in UTC, an expression's times are local minutes, whatever the clock does.
        for local in Timetable((expression,), "UTC").between(first - 1, end - 1):
            found[local] = found.get(local) if expression.wildcard else change.minute
    return tuple(JumpedTime(local, runs) for local, runs in sorted(found.items()))


def _runs_on(record: ScheduleRecord, at: int) -> bool:
    """Whether the record is in force at an epoch minute."""
    return (
        exclusion(record, at) is None
        and (record.start is None or record.start <= at)
        and (record.end is None or at < record.end)
    )
