"""Why an occurrence or a task ran, or did not run, as data. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self, TypeAlias

from reconciler.dispatch.decide.nominal_times import exclusion, nominal_times, running_times
from reconciler.model.applied import Origin
from reconciler.model.cursor import Cursor
from reconciler.model.formats import Damaged
from reconciler.model.generation import Generation
from reconciler.model.occurrence import Occurrence
from reconciler.model.runs import Run
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.model.task import SettledTask, Task


@dataclass(frozen=True, slots=True)
class Beginning:
    """What is known of a schedule's anchor, from which on its times count.

    Attributes:
        known: whether it was new, changed or resumed then; a generation of an earlier version does
            not distinguish that from a schedule that was rebuilt after it was lost.
        rebuilt: the epoch minute at which it was rebuilt after it was lost; None when it was not.
    """

    known: bool = False
    rebuilt: int | None = None

    @classmethod
    def of(cls, generation: Generation, name: str) -> Self:
        """That of a schedule of a generation."""
        rebuilt = generation.rebuilt.get(name)
        return cls(rebuilt is None and name in generation.begun, rebuilt)


@dataclass(frozen=True, slots=True)
class Recorded:
    """The history has the occurrence.

    Attributes:
        record: whose run it is; None when that is not known any more.
    """

    run: Run
    record: ScheduleRecord | None


@dataclass(frozen=True, slots=True)
class NotDue:
    """The time is none of the schedule's.

    Attributes:
        at: epoch minute.
        following: the schedule's next time after it, an epoch minute; None when it has none.
    """

    record: ScheduleRecord
    at: int
    beginning: Beginning
    following: int | None


@dataclass(frozen=True, slots=True)
class Ahead:
    """The time is to come.

    Attributes:
        exclusion: why it does not run then; None when it does.
    """

    occurrence: Occurrence
    exclusion: str | None


@dataclass(frozen=True, slots=True)
class NotProcessed:
    """No wake has processed it yet.

    Attributes:
        through: the epoch minute up to which wakes have processed; None before the first.
    """

    occurrence: Occurrence
    through: int | None


@dataclass(frozen=True, slots=True)
class NotStarted:
    """Earlier wakes could not start it, and a later one tries this attempt."""

    occurrence: Occurrence
    attempt: int


@dataclass(frozen=True, slots=True)
class NotInHistory:
    """The history that is kept does not have it.

    Attributes:
        newest: the newest run of the same name there; None when it is not asked for, or none is.
    """

    occurrence: Occurrence
    newest: Occurrence | None = None


@dataclass(frozen=True, slots=True)
class NotTheTasksTime:
    """The time is not the task's.

    Attributes:
        name: of the task in the history.
        at: the epoch minute that was asked for.
    """

    name: str
    at: int


@dataclass(frozen=True, slots=True)
class TaskWithoutRun:
    """The history has no run of the task.

    Attributes:
        settled: how it was settled; None when it is pending.
        ahead: whether its time is to come.
    """

    task: Task
    settled: SettledTask | None
    ahead: bool


Ground: TypeAlias = (
    Recorded
    | NotDue
    | Ahead
    | NotProcessed
    | NotStarted
    | NotInHistory
    | NotTheTasksTime
    | TaskWithoutRun
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The answer.

    Attributes:
        grounds: of an occurrence the newest run, then the ones before it; of a task, all uses of
            its id.
        deleted: whether the schedule is no longer live.
        origin: the apply that made the schedule what it is; None when that is not known.
        damaged: what could not be read on the way.
    """

    grounds: tuple[Ground, ...]
    deleted: bool = False
    origin: Origin | None = None
    damaged: tuple[Damaged, ...] = ()


def explain_occurrence(
    record: ScheduleRecord,
    at: int,
    runs: Iterable[Run],
    cursor: Cursor,
    now: int,
    beginning: Beginning = Beginning(),
) -> Ground:
    """The reason why one nominal time of a live schedule ran, or did not; of several runs of it,
    the newest.

    Args:
        at: epoch minute that was asked for.
        runs: all that are known, in their order.
        now: epoch minute.
    """
    occurrence = record.occurrence(at)
    of_it = [run for run in runs if run.occurrence.first == occurrence]
    if of_it:
        return Recorded(of_it[-1], record)
    if not nominal_times(record, at - 1, at):
        return NotDue(record, at, beginning, next(running_times(record, at), None))
    if at > now:
        return Ahead(occurrence, exclusion(record, at) or None)
    if cursor.through is None or at > cursor.through:
        return NotProcessed(occurrence, cursor.through)
    if occurrence.id in cursor.pending:
        return NotStarted(occurrence, cursor.pending[occurrence.id])
    return NotInHistory(occurrence)


def explain_deleted(name: str, at: int, runs: Sequence[Run]) -> Ground:
    """The same of a schedule that is no longer live: what the history has of it; of several runs of
    a time, the newest.

    Args:
        runs: all that are known of it, oldest first.
    """
    asked = Occurrence(name, at)
    found = next((run for run in reversed(runs) if run.occurrence.first == asked), None)
    if found is not None:
        return Recorded(found, None)
    return NotInHistory(asked, runs[-1].occurrence if runs else None)


def explain_task(
    found: Task | SettledTask | None,
    runs: Sequence[Run],
    now: int,
    *,
    at: int | None = None,
    records: Mapping[str, ScheduleRecord] | None = None,
) -> tuple[Ground, ...]:
    """The reasons for a task and earlier uses of its id, newest first; none for an unknown one.

    Args:
        found: what its files say.
        runs: what the history says of its id, also of earlier uses.
        now: epoch minute.
        at: epoch minute that was asked for; None for any.
        records: by the names of the runs, of earlier uses whose files are kept.
    """
    settled = found if isinstance(found, SettledTask) else None
    task = settled.task if settled is not None else found
    known = {**(records or {})}
    times = [run.occurrence for run in runs]
    if isinstance(task, Task):
        known[task.name] = task.record()
        if task.occurrence not in times:
            times.append(task.occurrence)
    asked = [occurrence for occurrence in times if at in (None, occurrence.at)]
    grounds: list[Ground] = []
    if at is not None and times and not asked:
        grounds.append(NotTheTasksTime(times[-1].name, at))
        asked = times
    if (
        isinstance(task, Task)
        and task.occurrence in asked
        and all(run.occurrence != task.occurrence for run in runs)
    ):
        grounds.append(TaskWithoutRun(task, settled, task.at > now))
    grounds += (
        Recorded(run, known.get(run.occurrence.name))
        for run in reversed(runs)
        if run.occurrence in asked
    )
    return tuple(grounds)
