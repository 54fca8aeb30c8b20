"""What earlier wakes left unsettled, and what is to become of it by what is live now. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from reconciler.dispatch.calendar import barred
from reconciler.dispatch.cursor import Cursor
from reconciler.dispatch.found_tasks import FoundTasks
from reconciler.dispatch.generation import Generation
from reconciler.dispatch.occurrence import Occurrence
from reconciler.dispatch.policy import Fate, LetGo
from reconciler.dispatch.record import Record
from reconciler.dispatch.task_names import is_task

DELETED: Final = "its schedule was deleted meanwhile"
DELETION_DOUBTED: Final = 60
"""Minutes for which an unsettled occurrence waits for its schedule, which is not in what this wake
reads: it may be stale, and the schedule new."""


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
