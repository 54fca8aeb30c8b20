"""One schedule with all that is known of it, as :mod:`reconciler.query.show` answers."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.model.applied import Origin
from reconciler.model.formats import Damaged
from reconciler.model.generation import Slot
from reconciler.model.pointer import Pointer
from reconciler.model.runs import Run
from reconciler.model.schedule_record import ScheduleRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownSchedule:
    """One schedule.

    Attributes:
        record: as it is live.
        slots: those that wake for its next occurrence, the solo slot or pollers.
        generation: the digest of what is live.
        pointer: who applied it and when; None where it cannot be read.
        origin: what made the schedule what it is; None where that is not known.
        following: epoch minutes of its next occurrences.
        runs: its last ones, oldest first.
        suspended: whether it is suspended now.
        damaged: what cannot be read of the files that were read.
    """

    record: ScheduleRecord
    slots: tuple[Slot, ...]
    generation: str
    pointer: Pointer | None
    origin: Origin | None
    following: tuple[int, ...]
    runs: tuple[Run, ...]
    suspended: bool
    damaged: tuple[Damaged, ...] = ()
