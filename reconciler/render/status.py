"""Where every schedule stands. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import takewhile
from typing import Final, NamedTuple

from reconciler.cron import minute
from reconciler.dispatch.decide.due import DropOutcome, Due, find_due
from reconciler.dispatch.decide.nominal_times import exclusion, previous_time, running_times
from reconciler.dispatch.decide.notifications import FAILED_STATES, overdue_since
from reconciler.dispatch.history import Run
from reconciler.model.cursor import CLOCK_TOLERANCE, Cursor
from reconciler.model.formats import Damaged
from reconciler.model.generation import Generation, Slot
from reconciler.model.pointer import Pointer
from reconciler.model.runs_file import RunState
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.render.explanation import lateness
from reconciler.render.runs_text import FAILURES

REBUILT_SHOWN: Final = 7 * 24 * 60
"""Minutes for which it is shown that a schedule was rebuilt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleStatus:
    """One schedule.

    Attributes:
        last: its newest run that was not skipped, None when there is none.
        following: epoch minute of its next occurrence, None when there is none.
        overdue: epoch minute of an occurrence that is due and that no wake has served.
        late: seconds by which its newest run started after its time, None when none started.
        failures: how many of its newest runs failed in a row, as alarms count them: since its last
            success. Missed occurrences are none.
        missed: how many of its newest occurrences were missed in a row.
        suspended: whether it is suspended now; the record says until when and why.
        rebuilt: the epoch minute, of the last week, at which it was rebuilt from git after the
            generation that was live was lost; None when it was not.
        ahead: whether a wrong clock has set its anchor ahead of now: it does not run before that.
    """

    record: ScheduleRecord
    last: Run | None
    following: int | None
    overdue: int | None
    late: int | None = None
    failures: int = 0
    missed: int = 0
    suspended: bool = False
    rebuilt: int | None = None
    ahead: bool = False

    @property
    def well(self) -> bool:
        """Whether nothing about it wants a look."""
        if self.ahead:
            return False
        return self.overdue is None and (self.last is None or self.last.state not in FAILURES)


@dataclass(frozen=True, slots=True)
class SlotStatus:
    """One slot.

    Attributes:
        last_wake: when it last woke, ISO 8601, None when that is not known.
        overdue: epoch minute since which it should have woken and has not, None when it has.
    """

    slot: Slot
    last_wake: str | None
    overdue: int | None = None


@dataclass(frozen=True, slots=True)
class TaskStatus:
    """A task that wants a look.

    Attributes:
        name: as in the history.
        at: epoch minute of its time.
        what: ``overdue``, ``unreadable``, or the state of its run.
        reason: the error, None when there is none.
    """

    name: str
    at: int
    what: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Tasks:
    """The tasks that programs have created.

    Attributes:
        pending: how many are to run.
        wanting: those that want a look, by time.
    """

    pending: int = 0
    wanting: tuple[TaskStatus, ...] = ()


class Twice(NamedTuple):
    """A schedule whose function has a schedule of its own at Modal, and so runs twice.

    Attributes:
        schedule: that of Modal, as people read it.
    """

    name: str
    function: str
    schedule: str

    def __str__(self) -> str:
        return (
            f"{self.name}: {self.function} also has a Modal schedule of its own, {self.schedule}, "
            "so it runs twice; take `schedule=` out of its code and deploy it"
        )


def runs_twice(
    generation: Generation, schedules_of_modal: Mapping[tuple[str, str], str], now: int
) -> tuple[Twice, ...]:
    """The schedules that run twice.

    Args:
        schedules_of_modal: app and function to the schedule that Modal has of it.
        now: epoch minute; what is suspended or has ended doubles nothing.
    """
    return tuple(
        Twice(record.name, f"{record.app}/{record.function}", text)
        for record in generation.records
        if (text := schedules_of_modal.get((record.app, record.function))) is not None
        and not record.is_suspended(now)
        and any(True for _ in running_times(record, now))
    )


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about the deployment that keeps schedules from running as they were applied.

    Attributes:
        what: ``app schedule-reconciler``, ``volume schedule-reconciler``, ``embedded engine``.
        reason: what is different.
        remedy: what to do.
    """

    what: str
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """All of an environment.

    Attributes:
        twice: schedules whose function Modal runs by a schedule of its own as well.
        findings: what is wrong with the deployment.
        damaged: what is stored and cannot be read, or could not be read by a wake of the last day.
        cursor_ahead: the cursor, an epoch minute, when a wrong clock has set it ahead of now.
        tz: the edition of the tz database that what is live was planned with; empty when an earlier
            version planned it.
    """

    generation: str
    pointer: Pointer | None
    twice: tuple[Twice, ...] = ()
    schedules: tuple[ScheduleStatus, ...]
    slots: tuple[SlotStatus, ...]
    tasks: Tasks = Tasks()
    damaged: tuple[Damaged, ...] = ()
    findings: tuple[Finding, ...] = ()
    cursor_ahead: int | None = None
    tz: str = ""

    @property
    def well(self) -> bool:
        """Whether nothing wants a look."""
        return (
            all(schedule.well for schedule in self.schedules)
            and all(slot.overdue is None for slot in self.slots)
            and not self.tasks.wanting
            and not self.twice
            and not self.damaged
            and not self.findings
            and self.cursor_ahead is None
        )


def status_of(
    generation: Generation,
    pointer: Pointer | None,
    cursor: Cursor,
    runs: Iterable[Run],
    now: int,
    tasks: Tasks = Tasks(),
    damaged: Iterable[Damaged] = (),
    twice: tuple[Twice, ...] = (),
    findings: Iterable[Finding] = (),
) -> Status:
    """Put together where everything stands.

    An occurrence is overdue once it is later than its tolerance and the punctuality that the
    settings ask for.

    Args:
        runs: oldest first.
        now: epoch minute.
        tasks: that programs have created.
        damaged: what cannot be read.
        twice: see :func:`runs_twice`.
        findings: what is wrong with the deployment.
    """
    by_name: dict[str, list[Run]] = {}
    for run in sorted(runs, key=_begun):
        owner = generation.owner(run.occurrence)
        if run.state is not RunState.SKIPPED and owner is not None:
            by_name.setdefault(owner.name, []).append(run)
    late = now - max(1, generation.punctuality // 60)
    # What lies before a cursor that is ahead has been looked at, by a wrong clock and too early.
    through = None if cursor.through is None else min(cursor.through, now)
    horizon = replace(cursor, through=through).lookback(now, generation.digest)
    overdue = {
        due.record.name: oldest
        for due in find_due(generation, horizon, late)
        if (oldest := min(_to_run(due), default=None)) is not None
        and oldest <= late - due.record.tolerance
    }
    return Status(
        generation=generation.digest,
        pointer=pointer,
        twice=twice,
        schedules=tuple(
            ScheduleStatus(
                record=record,
                last=_newest(by_name.get(record.name, ())),
                late=_late(by_name.get(record.name, ())),
                failures=_failures(by_name.get(record.name, ())),
                missed=_missed(by_name.get(record.name, ())),
                following=_following(record, by_name.get(record.name, ()), now),
                overdue=overdue.get(record.name),
                suspended=record.is_suspended(now),
                rebuilt=_rebuilt(generation, record.name, now),
                ahead=record.anchor > now + CLOCK_TOLERANCE,
            )
            for record in generation.records
        ),
        slots=tuple(_slot(generation, slot, cursor, now) for slot in generation.slots),
        tasks=tasks,
        damaged=tuple(dict.fromkeys(damaged)),
        findings=tuple(findings),
        cursor_ahead=cursor.through if cursor.is_ahead(now) else None,
        tz=generation.tz,
    )


def _rebuilt(generation: Generation, name: str, now: int) -> int | None:
    at = generation.rebuilt.get(name)
    return at if at is not None and at > now - REBUILT_SHOWN else None


def _to_run(due: Due) -> Iterator[int]:
    """The epoch minutes at which it should have run."""
    yield from due.start
    for gone in due.dropped:
        if gone.outcome is DropOutcome.MISSED:
            yield from gone.times


def rare_schedules(
    generation: Generation, runs: Iterable[Run], since: int, until: int
) -> list[tuple[ScheduleRecord, int]]:
    """The schedules that have no run from ``until`` on, and when each should last have run before;
    but for those that should not have, from ``since`` on: what is younger, or suspended.

    Args:
        runs: those from ``until`` on.
        since, until: epoch minutes.
    """
    owners = (generation.owner(one.occurrence) for one in runs if one.state is not RunState.SKIPPED)
    seen = {owner.name for owner in owners if owner is not None}
    unseen = (record for record in generation.records if record.name not in seen)
    found = ((record, _last_to_run(record, since, until)) for record in unseen)
    return [(record, at) for record, at in found if at is not None]


def _last_to_run(record: ScheduleRecord, since: int, until: int) -> int | None:
    """The last epoch minute in the half-open ``[since, until)`` at which it was to run."""
    since = max(since, record.anchor + 1, record.start or since)
    until = until if record.end is None else min(until, record.end)
    if record.at is not None:
        at: int | None = record.at if record.at < until else None
    else:
        at = previous_time(record, until)
    while at is not None and at >= since and not record.is_suspended(at):
        if exclusion(record, at) is None:
            return at
        at = previous_time(record, at)
    return None


def _begun(run: Run) -> int:
    """The epoch minute by which a run is newer than others: its own, unless somebody had it served
    before that; what has begun since is newer than that one."""
    at = run.occurrence.at
    return at if run.started is None else min(at, minute(datetime.fromisoformat(run.started)))


def _slot(generation: Generation, slot: Slot, cursor: Cursor, now: int) -> SlotStatus:
    last_wake = cursor.wakes.get(slot.name)
    return SlotStatus(
        slot, last_wake, overdue_since(generation, slot, last_wake, now, recovered=cursor.recovered)
    )


def _following(record: ScheduleRecord, runs: Sequence[Run], now: int) -> int | None:
    """The next occurrence that has not run already: somebody may have served it before its time."""
    served = {run.occurrence.at for run in runs if run.started is not None}
    return next((at for at in running_times(record, now) if at not in served), None)


def _newest(runs: Sequence[Run]) -> Run | None:
    return runs[-1] if runs else None


def _late(runs: Sequence[Run]) -> int | None:
    return next((late for run in reversed(runs) if (late := lateness(run)) is not None), None)


def _failures(runs: Sequence[Run]) -> int:
    """Only a success ends the row: what is open, cancelled or missed says nothing of it."""
    since = takewhile(lambda run: run.state is not RunState.SUCCEEDED, reversed(runs))
    return sum(run.state in FAILED_STATES for run in since)


def _missed(runs: Sequence[Run]) -> int:
    """One that waits says nothing yet."""
    told = (run for run in reversed(runs) if run.state is not RunState.QUEUED)
    return sum(1 for _ in takewhile(lambda run: run.state is RunState.MISSED, told))
