"""What a wake does about a backfill. Pure.

The wake gathers how the backfill stands (:mod:`reconciler.dispatch.wake.backfills`); this decides,
without a call.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from reconciler.model.backfill import Backfill, BackfillState, Progress
from reconciler.model.occurrence import Occurrence
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.policies import Overlap

DELETION_DOUBTED: Final = 60
"""Minutes after its approval in which a backfill whose schedule is not found waits: what the wake
reads may be stale, and the schedule new."""
DELETED: Final = "its schedule was deleted"


@dataclass(frozen=True, slots=True)
class End:
    """The backfill is over.

    Attributes:
        cancelled: else all its runs have ended.
    """

    cancelled: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class StartRuns:
    """Start the runs in ``[first, until)``, by their places in the plan."""

    first: int
    until: int


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing is to be done now, for this reason."""

    reason: str


def next_step(
    backfill: Backfill,
    state: BackfillState,
    progress: Progress | None,
    busy: Collection[Occurrence],
    record: ScheduleRecord | None,
    now: int,
    approved: int,
) -> End | StartRuns | Wait:
    """The next step of a backfill.

    Args:
        progress: None when it is lost.
        busy: runs that are open, or that a later wake is to start.
        record: the live schedule; None when there is none.
        now: epoch minute.
        approved: epoch minute.
    """
    if state is BackfillState.CANCELLED:
        return End(cancelled=True, reason="it was cancelled")
    if progress is None:
        return Wait("its progress is lost; resume finds its place again")
    left = len(backfill.runs) - progress.next
    own = frozenset(backfill.runs) if busy else frozenset()
    running = sum(run in own for run in busy)
    if not left:
        return Wait("its last runs have not ended") if running else End(cancelled=False)
    if state is BackfillState.PAUSED:
        return Wait("it is paused")
    if record is None:
        if now - approved < DELETION_DOUBTED:
            return Wait("its schedule is not live")
        return End(cancelled=True, reason=DELETED)
    if record.is_suspended(now):
        return Wait("its schedule is suspended")
    parallel = backfill.parallel if record.overlap is Overlap.ALLOW else 1
    places = min(left, parallel - running)
    if places <= 0:
        return Wait("as many runs as may be at once have not ended")
    return StartRuns(progress.next, progress.next + places)
