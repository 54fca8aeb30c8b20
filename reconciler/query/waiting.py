"""By when what waits for another schedule should have started. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from reconciler.dispatch.decide.dependencies import WAITS_FOR, alert_time
from reconciler.model.runs import Run
from reconciler.model.runs_file import RunState
from reconciler.model.schedule_record import ScheduleRecord

NEAR: Final = 2 * 60
"""Minutes before its `by` from which on an occurrence that waits needs attention."""


def start_by(record: ScheduleRecord, runs: Iterable[Run], now: int) -> int | None:
    """When an alert says, or said, that an occurrence still waits: the epoch minute of its `by`.

    None while that is two hours ahead or more, when nothing waits for another schedule, and
    without `by`. Of several that wait the first counts.

    Args:
        runs: of the schedule.
        now: epoch minute.
    """
    first = min(
        (
            at
            for run in runs
            if run.state is RunState.QUEUED
            and (run.reason or "").startswith(WAITS_FOR)
            and (at := alert_time(record, run.occurrence.at)) is not None
        ),
        default=None,
    )
    return None if first is None or first - now >= NEAR else first
