"""What earlier wakes left unsettled, and what is to become of it by what is live now. Pure."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from reconciler.dispatch.decide.calendar import barred
from reconciler.dispatch.decide.due import Due, Fate, LetGo
from reconciler.model.cursor import Cursor
from reconciler.model.formats import Damaged
from reconciler.model.generation import Generation
from reconciler.model.occurrence import Occurrence
from reconciler.model.record import Record
from reconciler.model.runs import RunRecord
from reconciler.model.task import is_task

if TYPE_CHECKING:
    from reconciler.model.task import SettledTask, Task

DELETED: Final = "its schedule was deleted meanwhile"
DELETION_DOUBTED: Final = 60
"""Minutes for which an unsettled occurrence waits for its schedule, which is not in what this wake
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


class Unsettled(NamedTuple):
    """See the module.

    Attributes:
        again: what is to be tried again, with the attempt that is next.
        waiting: occurrence id to attempt, of what it is too early to decide.
        gone: what is let go after all.
        settled: the ids of what need not be looked at any more, ``gone`` among them.
    """

    again: Mapping[Occurrence, tuple[Record, int]]
    waiting: Mapping[str, int]
    gone: tuple[LetGo, ...]
    settled: tuple[str, ...]


def look_again(cursor: Cursor, generation: Generation, tasks: FoundTasks, now: int) -> Unsettled:
    """Decide about each.

    Args:
        cursor: what earlier wakes left.
        now: epoch minute of the wake.
    """
    again: dict[Occurrence, tuple[Record, int]] = {}
    waiting: dict[str, int] = {}
    gone: list[LetGo] = []
    settled: list[str] = []
    for key, attempt in cursor.unsettled.items():
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
        let_go = _gone(occurrence, record, triggered=key in cursor.triggered)
        if let_go is not None:
            gone.append(let_go)
            settled.append(key)
        elif record is not None:
            again[occurrence] = (record, attempt)
    return Unsettled(again, waiting, tuple(gone), tuple(settled))


def _undecided(occurrence: Occurrence, record: Record | None, now: int) -> bool:
    """Whether it is too early: a clock was ahead, or what this wake reads may be stale."""
    return occurrence.at > now or (record is None and now - occurrence.at < DELETION_DOUBTED)


def _gone(occurrence: Occurrence, record: Record | None, *, triggered: bool) -> LetGo | None:
    if record is None:
        return LetGo(occurrence.name, (occurrence.at,), Fate.MISSED, DELETED)
    if triggered or occurrence.at <= record.anchor:
        return None
    reason = barred(record, occurrence.at)
    if reason is None:
        return None
    return LetGo(occurrence.name, (occurrence.at,), Fate.SKIPPED, reason)
