"""Schedules of functions: checked at deploy, counted against the plan's limit, fired on the minute.

What Modal does in clock changes and after an outage is undocumented. Here a cron follows
``reconciler.cron``, and minutes at which the engine did not run are skipped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Final

from modal_proto import api_pb2

from reconciler.cron import CronError, Timetable, TzdataError, ZoneError, parse

_MINUTE: Final = 60.0


class ScheduleError(ValueError):
    """An invalid schedule, with the reason."""


@lru_cache(maxsize=1_000)
def timetable(cron: str, zone: str) -> Timetable:
    """Raises ScheduleError for an expression or a zone that does not exist or cannot be read."""
    try:
        return Timetable((parse(cron),), zone or "UTC")
    except (CronError, ZoneError, TzdataError) as error:
        raise ScheduleError(f"Invalid cron schedule '{cron}' ({zone or 'UTC'}): {error}") from error


def check(schedule: api_pb2.Schedule) -> None:
    """Raises ScheduleError if the schedule cannot be fired."""
    if schedule.HasField("cron"):
        timetable(schedule.cron.cron_string, schedule.cron.timezone)
    elif schedule.HasField("period") and _length(schedule.period) <= 0:
        raise ScheduleError("Invalid schedule: a Period must be longer than nothing")


@dataclass(frozen=True)
class Scheduled:
    """A live function with a schedule. ``since``: when it was deployed, epoch seconds."""

    function: str
    schedule: api_pb2.Schedule
    since: float


def due(scheduled: Iterable[Scheduled], after: float, until: float) -> Iterator[str]:
    """The functions to fire in ``(after, until]``, each once. Epoch seconds."""
    for one in scheduled:
        if one.schedule.HasField("cron"):
            cron = one.schedule.cron
            table = timetable(cron.cron_string, cron.timezone)
            following = table.next(_floor(after))
            if following is not None and following <= _floor(until):
                yield one.function
        elif _periods(one, until) > _periods(one, after):
            yield one.function


def next_look(scheduled: Iterable[Scheduled], now: float) -> float:
    """When something may be due next: at the next full minute, or when a Period has passed."""
    ends = [
        one.since + (_periods(one, now) + 1) * _length(one.schedule.period)
        for one in scheduled
        if one.schedule.HasField("period")
    ]
    return min([(_floor(now) + 1) * _MINUTE, *ends])


def _floor(seconds: float) -> int:
    return int(seconds // _MINUTE)


def _periods(one: Scheduled, now: float) -> int:
    """How many whole periods have passed since the deploy."""
    return int((now - one.since) // _length(one.schedule.period))


def _length(period: api_pb2.Schedule.Period) -> float:
    """Seconds. A month counts as 30 days, a year as 365."""
    span = timedelta(
        days=365 * period.years + 30 * period.months + 7 * period.weeks + period.days,
        hours=period.hours,
        minutes=period.minutes,
        seconds=period.seconds,
    )
    return span.total_seconds()
