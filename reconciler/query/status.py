"""Where every schedule stands. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import takewhile
from types import MappingProxyType
from typing import Final

from reconciler.dispatch.decide.due import DropOutcome, Due, find_due
from reconciler.dispatch.decide.nominal_times import running_times
from reconciler.dispatch.decide.notifications import FAILED_STATES, overdue_since
from reconciler.model.cursor import CLOCK_TOLERANCE, Cursor
from reconciler.model.formats import Damaged
from reconciler.model.generation import Generation, Slot
from reconciler.model.pointer import Pointer
from reconciler.model.runs import Run, begun, lateness
from reconciler.model.runs_file import NEEDS_ATTENTION, RunState
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.model.task import is_task
from reconciler.query.backfill_status import BackfillStatus
from reconciler.query.latency import Latency, latency_of
from reconciler.query.long_run import Usual
from reconciler.query.twice import Twice
from reconciler.query.waiting import start_by
from reconciler.query.worker_status import WorkerStatus, worker_status

REBUILT_SHOWN: Final = 7 * 24 * 60
"""Minutes for which it is shown that a schedule was rebuilt."""

SHOWN_FOR: Final = 24 * 60
"""Minutes for which a skipped occurrence is shown, and a task that failed needs attention: no later
run replaces it."""


class State(StrEnum):
    """How a schedule stands, in one word: the first of these that applies.

    A suspended schedule is suspended, whatever came before, unless what is live differs from what
    was applied.
    """

    MISSED = "missed"
    """Its newest occurrence did not start and cannot any more."""
    OVERDUE = "overdue"
    """An occurrence is due, has not started and still may."""
    FAILED = "failed"
    TIMED_OUT = "timed-out"
    LONG_RUN = "long-run"
    """It runs longer than it ever does, see :mod:`reconciler.query.long_run`."""
    DRIFT = "drift"
    """What is live differs from what was applied."""
    WAITING = "waiting"
    """Its newest run waits for an earlier one to end."""
    RUNNING = "running"
    SKIPPED = "skipped"
    """Its newest occurrence was skipped in the last day, as its policies say."""
    SUSPENDED = "suspended"
    CANCELLED = "cancelled"
    NO_RUN = "no-run-yet"
    UNKNOWN = "unknown"
    """Its newest run ended, and Modal has forgotten how."""
    SUCCEEDED = "succeeded"


_STATES: Final = {
    RunState.STARTED: State.RUNNING,
    RunState.START_FAILED: State.OVERDUE,
    RunState.QUEUED: State.WAITING,
    RunState.SUCCEEDED: State.SUCCEEDED,
    RunState.FAILED: State.FAILED,
    RunState.TIMED_OUT: State.TIMED_OUT,
    RunState.CANCELLED: State.CANCELLED,
    RunState.EXPIRED: State.UNKNOWN,
    RunState.MISSED: State.MISSED,
}


_TROUBLE: Final = frozenset({State.MISSED, State.OVERDUE, State.FAILED, State.TIMED_OUT})
ATTENTION: Final = _TROUBLE | {State.LONG_RUN, State.DRIFT}
"""The states that need attention. Waiting needs it only near its `by` and after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleStatus:
    """One schedule.

    Attributes:
        last: its newest run that was not skipped, None when there is none.
        following: epoch minute of its next occurrence, None when there is none.
        overdue: epoch minute of an occurrence that is due and that no wake has served.
        late: seconds by which its newest run started after its time, None when none started.
        failures: the streak of failed runs since its last success, as alerts count them. Missed
            occurrences do not count.
        missed: the streak of missed occurrences, the newest among them.
        since: the epoch minute of the oldest failed occurrence of the streak; None without one.
        suspended: whether it is suspended now; the record says until when and why.
        rebuilt: the epoch minute, of the last week, at which it was rebuilt from git after the
            generation that was live was lost; None when it was not.
        ahead: whether a wrong clock has set its anchor ahead of now: it does not run before that.
        usual: how long its successes took, when its newest run takes longer than they did; else
            None.
        drift: how what is live differs from what was applied; None when it does not.
        skipped: its newest occurrence, when that was skipped in the last day; else None.
        start_by: the epoch minute by which its newest run, which waits for another schedule, should
            have started, from two hours before on; else None.
    """

    record: ScheduleRecord
    last: Run | None
    following: int | None
    overdue: int | None
    late: int | None = None
    failures: int = 0
    missed: int = 0
    since: int | None = None
    suspended: bool = False
    rebuilt: int | None = None
    ahead: bool = False
    usual: Usual | None = None
    drift: str | None = None
    skipped: Run | None = None
    start_by: int | None = None

    @property
    def state(self) -> State:
        """How it stands, in one word."""
        last = State.NO_RUN if self.last is None else _STATES[self.last.state]
        if self.suspended:
            return State.SUSPENDED if self.drift is None else State.DRIFT
        if self.overdue is not None and last is not State.MISSED:
            return State.OVERDUE
        if last in _TROUBLE:
            return last
        if self.usual is not None:
            return State.LONG_RUN
        if self.drift is not None:
            return State.DRIFT
        if self.skipped is not None and last not in (State.WAITING, State.RUNNING):
            return State.SKIPPED
        return last

    @property
    def well(self) -> bool:
        """Whether nothing about it needs attention: neither its state, nor a clock that has set
        it ahead, nor a run that waits near its `by`."""
        waits_long = self.state is State.WAITING and self.start_by is not None
        return not (self.ahead or waits_long or self.state in ATTENTION)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which schedules are asked for.

    Attributes:
        owner: theirs; None for all.
        labels: that they have, each with its value; None where any value will do.
        states: one of which they are in; empty for all.
    """

    owner: str | None = None
    labels: Mapping[str, str | None] = field(default_factory=dict)
    states: frozenset[State] = frozenset()

    def __call__(self, one: ScheduleStatus) -> bool:
        """Whether this schedule is one of them."""
        labels = one.record.labels
        return (
            self.owner in (None, one.record.owner)
            and all(
                name in labels and value in (None, labels[name])
                for name, value in self.labels.items()
            )
            and (not self.states or one.state in self.states)
        )


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
    """A task that needs attention.

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
        wanting: those that need attention, by time.
    """

    pending: int = 0
    wanting: tuple[TaskStatus, ...] = ()


@dataclass(frozen=True, slots=True)
class DeploymentFinding:
    """Something about the deployment that keeps schedules from running as they were applied.

    Attributes:
        what: ``app schedule-reconciler``, ``volume schedule-reconciler``, ``embedded engine``.
        reason: what is different.
        remedy: what to do.
        schedule: the one that it is about; None when it is about more.
    """

    what: str
    reason: str
    remedy: str
    schedule: str | None = None


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
        not_asked: open runs of which Modal was not asked how they stand: there are too many.
        worker: the second wake source; None without one.
        latency: of the runs that are known; None when none has started.
        commits: schedule name to the commit that made it what it is, where that is known.
        backfills: those that are not over.
    """

    generation: str
    pointer: Pointer | None
    twice: tuple[Twice, ...] = ()
    schedules: tuple[ScheduleStatus, ...]
    slots: tuple[SlotStatus, ...]
    tasks: Tasks = Tasks()
    damaged: tuple[Damaged, ...] = ()
    findings: tuple[DeploymentFinding, ...] = ()
    cursor_ahead: int | None = None
    tz: str = ""
    not_asked: int = 0
    worker: WorkerStatus | None = None
    latency: Latency | None = None
    commits: Mapping[str, str] = field(default_factory=dict)
    backfills: tuple[BackfillStatus, ...] = ()

    @property
    def well(self) -> bool:
        """Whether nothing needs attention."""
        return (
            all(schedule.well for schedule in self.schedules)
            and all(slot.overdue is None for slot in self.slots)
            and (self.worker is None or self.worker.overdue is None)
            and not self.tasks.wanting
            and not self.twice
            and not self.damaged
            and not self.findings
            and self.cursor_ahead is None
        )


LISTED_AT_MOST: Final = 50
"""Schedules that are listed whole; of more, those that need attention."""


def selection(status: Status, wanted: Filter, *, everything: bool) -> tuple[ScheduleStatus, ...]:
    """The schedules to list.

    Args:
        everything: also those of many that need no attention.
    """
    found = tuple(filter(wanted, status.schedules))
    if everything or wanted != Filter() or len(found) <= LISTED_AT_MOST:
        return found
    return tuple(one for one in found if not one.well)


def status_of(
    generation: Generation,
    pointer: Pointer | None,
    cursor: Cursor,
    runs: Iterable[Run],
    now: int,
    tasks: Tasks = Tasks(),
    damaged: Iterable[Damaged] = (),
    twice: tuple[Twice, ...] = (),
    findings: Iterable[DeploymentFinding] = (),
    usual: Mapping[str, Usual] = MappingProxyType({}),
) -> Status:
    """Put together where everything stands.

    An occurrence is overdue once it is later than its tolerance and the punctuality that the
    settings ask for.

    Args:
        runs: oldest first.
        now: epoch minute.
        tasks: that programs have created.
        damaged: what cannot be read.
        twice: see :func:`~reconciler.query.twice.runs_twice`.
        findings: what is wrong with the deployment.
        usual: see :func:`~reconciler.query.live_long_runs.long_runs`.
    """
    findings = tuple(findings)
    runs = sorted(runs, key=begun)
    by_name: dict[str, list[Run]] = {}
    skipped: dict[str, Run] = {}
    for run in runs:
        owner = generation.owner(run.occurrence)
        if owner is None:
            continue
        if run.state is RunState.SKIPPED:
            if run.occurrence.at > now - SHOWN_FOR:
                skipped[owner.name] = run
        else:
            skipped.pop(owner.name, None)
            by_name.setdefault(owner.name, []).append(run)
    drifted = {one.schedule: one.reason for one in findings}
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
                failures=len(_streak(by_name.get(record.name, ()))),
                missed=_missed(by_name.get(record.name, ())),
                since=min(_streak(by_name.get(record.name, ())), default=None),
                following=_following(record, by_name.get(record.name, ()), now),
                overdue=overdue.get(record.name),
                suspended=record.is_suspended(now),
                rebuilt=_rebuilt(generation, record.name, now),
                ahead=record.anchor > now + CLOCK_TOLERANCE,
                usual=usual.get(record.name),
                drift=drifted.get(record.name),
                skipped=skipped.get(record.name),
                start_by=start_by(record, by_name.get(record.name, ()), now),
            )
            for record in generation.records
        ),
        slots=tuple(_slot(generation, slot, cursor, now) for slot in generation.slots),
        worker=worker_status(generation, cursor, now),
        latency=latency_of(runs),
        tasks=tasks,
        damaged=tuple(dict.fromkeys(damaged)),
        findings=findings,
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


def _slot(generation: Generation, slot: Slot, cursor: Cursor, now: int) -> SlotStatus:
    last_wake = cursor.wakes.get(slot.name)
    return SlotStatus(
        slot, last_wake, overdue_since(generation, slot, last_wake, now, recovered=cursor.recovered)
    )


def _following(record: ScheduleRecord, runs: Sequence[Run], now: int) -> int | None:
    """The next occurrence that has not run: a person may have started one before its time."""
    served = {run.occurrence.at for run in runs if run.started is not None}
    return next((at for at in running_times(record, now) if at not in served), None)


def _newest(runs: Sequence[Run]) -> Run | None:
    return runs[-1] if runs else None


def _late(runs: Sequence[Run]) -> int | None:
    return next((late for run in reversed(runs) if (late := lateness(run)) is not None), None)


def _streak(runs: Sequence[Run]) -> Sequence[int]:
    """The nominal times of the failures in the streak. Only a success ends it: what is open,
    cancelled or missed says nothing of it."""
    since = takewhile(lambda run: run.state is not RunState.SUCCEEDED, reversed(runs))
    return [run.occurrence.at for run in since if run.state in FAILED_STATES]


def _missed(runs: Sequence[Run]) -> int:
    """One that waits says nothing yet."""
    decided = (run for run in reversed(runs) if run.state is not RunState.QUEUED)
    return sum(1 for _ in takewhile(lambda run: run.state is RunState.MISSED, decided))


@dataclass(frozen=True, slots=True)
class DueTask:
    """A task whose hour has come, and that no wake has settled.

    Attributes:
        name: as in the history.
        at: epoch minute of its time.
        since: epoch minute from which on a wake could have started it.
        unreadable: why it cannot be read; None when it can.
    """

    name: str
    at: int
    since: int
    unreadable: str | None = None


def tasks_of(
    *,
    pending: int,
    due: Iterable[DueTask],
    runs: Iterable[Run],
    punctuality: int,
    now: int,
) -> Tasks:
    """Put together how tasks stand.

    Args:
        pending: how many are to run.
        runs: what is known of all runs.
        punctuality: seconds that a wake may be late and still count as in time.
        now: epoch minute.
    """
    late = now - max(1, punctuality // 60)
    wanting = {}
    for task in due:
        if task.unreadable is not None:
            wanting[task.name] = TaskStatus(task.name, task.at, "unreadable", task.unreadable)
        elif task.since < late:
            wanting[task.name] = TaskStatus(task.name, task.at, "overdue")
    for run in runs:
        name, at = run.occurrence.name, run.occurrence.at
        if is_task(name) and run.state in NEEDS_ATTENTION and at > now - SHOWN_FOR:
            wanting.setdefault(name, TaskStatus(name, at, run.state.value, run.reason))
    return Tasks(pending, tuple(sorted(wanting.values(), key=lambda task: (task.at, task.name))))
