"""Where every schedule stands. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.dispatch.cursor import Cursor
from reconciler.dispatch.due import find_due
from reconciler.dispatch.generation import Generation, Pointer, Record, Slot
from reconciler.dispatch.history import Run
from reconciler.dispatch.policy import Fate
from reconciler.dispatch.runs import RunState
from reconciler.plan import upcoming

_BAD = frozenset({RunState.FAILED, RunState.TIMED_OUT, RunState.MISSED, RunState.START_FAILED})


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleStatus:
    """One schedule.

    Attributes:
        last: its newest run that was not skipped, None when there is none.
        following: epoch minute of its next occurrence, None when there is none.
        overdue: epoch minute of an occurrence that is due and that no wake has served.
    """

    record: Record
    last: Run | None
    following: int | None
    overdue: int | None

    @property
    def well(self) -> bool:
        """Whether nothing about it wants a look."""
        return self.overdue is None and (self.last is None or self.last.state not in _BAD)


@dataclass(frozen=True, slots=True)
class SlotStatus:
    """One slot, and when it last woke (ISO 8601, None when that is not known)."""

    slot: Slot
    last_wake: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """All of an environment."""

    generation: str
    pointer: Pointer | None
    schedules: tuple[ScheduleStatus, ...]
    slots: tuple[SlotStatus, ...]

    @property
    def well(self) -> bool:
        """Whether nothing wants a look."""
        return all(schedule.well for schedule in self.schedules)


def status_of(
    generation: Generation,
    pointer: Pointer | None,
    cursor: Cursor,
    runs: Iterable[Run],
    now: int,
) -> Status:
    """Put together where everything stands.

    An occurrence is overdue once it is later than its tolerance and the punctuality that the
    settings ask for.

    Args:
        runs: oldest first.
        now: epoch minute.
    """
    last = {run.occurrence.name: run for run in runs if run.state is not RunState.SKIPPED}
    late = now - max(1, generation.punctuality // 60)
    overdue = {
        due.record.name: oldest
        for due in find_due(generation, cursor.horizon(now, generation.digest), late)
        if (due.start or any(gone.fate is Fate.MISSED for gone in due.let_go))
        and (oldest := min((*due.start, *(at for gone in due.let_go for at in gone.times))))
        <= late - due.record.tolerance
    }
    return Status(
        generation=generation.digest,
        pointer=pointer,
        schedules=tuple(
            ScheduleStatus(
                record=record,
                last=last.get(record.name),
                following=next(iter(upcoming(record, now, 1)), None),
                overdue=overdue.get(record.name),
            )
            for record in generation.records
        ),
        slots=tuple(SlotStatus(slot, cursor.wakes.get(slot.name)) for slot in generation.slots),
    )
