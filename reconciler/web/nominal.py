"""Which occurrence a trigger means. Pure.

A trigger chooses no time: it names a nominal time of the schedule, or a time at which it was
triggered, of which the newest nominal time follows. So it can only start what a wake would start.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from reconciler.cron import instant, minute
from reconciler.dispatch.decide.nominal_times import nominal_times
from reconciler.model.generation import Generation
from reconciler.model.occurrence import Occurrence, format_minute
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.words import suggestion

AHEAD: Final = timedelta(seconds=60)
"""How far ahead of our clock the sender's may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderTrigger:
    """What a sender says.

    Attributes:
        execution: an id of the sender's own, or ``JOB@TIME``.
        at: when it was triggered; None for now.
    """

    job: str
    execution: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Meant:
    """The occurrence that a trigger means, of a live schedule."""

    record: ScheduleRecord
    occurrence: Occurrence


@dataclass(frozen=True, slots=True)
class NotMeant:
    """Why a trigger means no occurrence.

    Attributes:
        unknown: whether there is no such job.
    """

    what: str
    remedy: str
    unknown: bool = False


def meant_by(trigger: SenderTrigger, generation: Generation, now: datetime) -> Meant | NotMeant:
    """The occurrence that a trigger means."""
    record = generation.named(trigger.job)
    if record is None:
        return NotMeant(
            f"there is no schedule `{trigger.job}`",
            suggestion(trigger.job, generation.by_name),
            unknown=True,
        )
    named = _named(trigger)
    if isinstance(named, NotMeant):
        return named
    if named is not None:
        return _exactly(record, named, now)
    at = trigger.at or now
    if at > now + AHEAD:
        return _ahead(f"it was triggered at {at.isoformat()}")
    newest = _newest(record, minute(at))
    if newest is None:
        return NotMeant(
            f"{record.name} has no occurrence up to {format_minute(minute(at))}",
            f"It counts from {format_minute(record.anchor)}.",
        )
    return Meant(record, record.occurrence(newest))


def _named(trigger: SenderTrigger) -> int | NotMeant | None:
    """The epoch minute that the id of the execution names; None where it is another kind of id."""
    job, separator, _time = (trigger.execution or "").rpartition("@")
    if not separator:
        return None
    try:
        occurrence = Occurrence.parse(trigger.execution or "")
    except ValueError:
        return None
    if job != trigger.job:
        return NotMeant(
            f"execution_id names {job}, and job {trigger.job}", "Name the same schedule in both."
        )
    return occurrence.at


def _exactly(record: ScheduleRecord, at: int, now: datetime) -> Meant | NotMeant:
    if instant(at) > now + AHEAD:
        return _ahead(f"the occurrence is that of {format_minute(at)}")
    if not nominal_times(record, at - 1, at):
        return NotMeant(
            f"{format_minute(at)} is not a time of {record.name}",
            f"It counts from {format_minute(record.anchor)}; its next times are those of "
            f"`reconcile next {record.name}`.",
        )
    return Meant(record, record.occurrence(at))


def _newest(record: ScheduleRecord, until: int) -> int | None:
    """The newest nominal time up to an epoch minute, within the schedule's bounds."""
    if nominal_times(record, until - 1, until):
        return until
    if record.at is not None:
        return record.at if nominal_times(record, record.at - 1, record.at) else None
    timetable = record.timetable()
    last = until if record.end is None else min(until, record.end - 1)
    found = None if timetable is None else timetable.previous(last)
    return found if found is not None and nominal_times(record, found - 1, found) else None


def _ahead(what: str) -> NotMeant:
    return NotMeant(
        f"{what}, more than {AHEAD.seconds} s ahead of this clock",
        "Check the sender's clock, and send it when it is due.",
    )
