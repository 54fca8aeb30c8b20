"""The occurrences that earlier wakes left pending, decided by what is live now. Pure."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from reconciler.dispatch.decide.due import DropOutcome, Dropped, Due
from reconciler.dispatch.decide.nominal_times import exclusion
from reconciler.model.cursor import Cursor
from reconciler.model.formats import Damaged
from reconciler.model.generation import Generation
from reconciler.model.occurrence import Occurrence
from reconciler.model.runs_file import RunRecord
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.model.task import is_task

if TYPE_CHECKING:
    from reconciler.model.task import SettledTask, Task

DELETED: Final = "its schedule was deleted meanwhile"
DELETION_DOUBTED: Final = 60
"""Minutes for which a pending occurrence waits for its schedule, which is not in what this wake
reads: it may be stale, and the schedule new."""


class FoundTasks(NamedTuple):
    """What a wake finds in the files of tasks; most wakes find nothing.

    Attributes:
        due: what is to be started, by name.
        known: what the runs files say is settled, while no other file does.
        over: paths of tasks that are settled, and that are still there.
        lines: what is to be written down of tasks that do not start.
        damaged: runs files that were asked about old tasks, and cannot be read.
    """

    due: Mapping[str, Task] = MappingProxyType({})
    known: tuple[SettledTask, ...] = ()
    over: tuple[str, ...] = ()
    lines: tuple[RunRecord, ...] = ()
    damaged: tuple[Damaged, ...] = ()

    def dues(self, but: Container[str]) -> Iterator[Due]:
        """What is to be started, without the occurrences of these ids."""
        for task in self.due.values():
            if task.occurrence.id not in but:
                yield Due(task.record(), (task.at,))


NO_TASKS: Final = FoundTasks()


class Pending(NamedTuple):
    """See the module.

    Attributes:
        again: what to try again, with the attempt that is next.
        waiting: occurrence id to attempt, of what it is too early to decide.
        dropped: what is dropped after all.
        settled: the ids of what later wakes need not process, ``dropped`` among them.
    """

    again: Mapping[Occurrence, tuple[ScheduleRecord, int]]
    waiting: Mapping[str, int]
    dropped: tuple[Dropped, ...]
    settled: tuple[str, ...]


def decide_pending(cursor: Cursor, generation: Generation, tasks: FoundTasks, now: int) -> Pending:
    """Decide about each.

    Args:
        cursor: what earlier wakes left.
        now: epoch minute of the wake.
    """
    again: dict[Occurrence, tuple[ScheduleRecord, int]] = {}
    waiting: dict[str, int] = {}
    given_up: list[Dropped] = []
    settled: list[str] = []
    for key, attempt in cursor.pending.items():
        occurrence = Occurrence.parse(key)
        if is_task(occurrence.name):
            # Without its file it is settled, or this wake reads what was there before.
            task = tasks.due.get(occurrence.name)
            if task is None:
                settled.append(key)
            else:
                again[occurrence] = (task.record(), attempt)
            continue
        record = generation.owner(occurrence)
        if record is None and generation.may_have(occurrence.name):
            waiting[key] = attempt  # until its record can be read
            continue
        if _undecided(occurrence, record, now):
            waiting[key] = attempt
            continue
        dropped = _dropped(occurrence, record, triggered=key in cursor.triggered)
        if dropped is not None:
            given_up.append(dropped)
            settled.append(key)
        elif record is not None:
            again[occurrence] = (record, attempt)
    return Pending(again, waiting, tuple(given_up), tuple(settled))


def _undecided(occurrence: Occurrence, record: ScheduleRecord | None, now: int) -> bool:
    """Whether it is too early: a clock was ahead, or what this wake reads may be stale."""
    return occurrence.at > now or (record is None and now - occurrence.at < DELETION_DOUBTED)


def _dropped(
    occurrence: Occurrence, record: ScheduleRecord | None, *, triggered: bool
) -> Dropped | None:
    if record is None:
        return Dropped(occurrence.name, (occurrence.at,), DropOutcome.MISSED, DELETED)
    if triggered or occurrence.at <= record.anchor:
        return None
    reason = exclusion(record, occurrence.at)
    if reason is None:
        return None
    return Dropped(occurrence.name, (occurrence.at,), DropOutcome.SKIPPED, reason)
