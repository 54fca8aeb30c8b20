"""The figures that monitoring collects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.model.runs_file import RunState
from reconciler.query.status import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """Figures of an environment. What is not known is left out; it is never 0.

    Attributes:
        states: how many schedules are in each state.
        last_success: schedule to when its last run that succeeded was started, epoch seconds.
        late: schedule to the seconds by which its newest run started after its time.
        failures, missed: schedule to its streak.
        runs: how many occurrences of the last 24 hours are in each state.
        wakes: how many wakes of the last 24 hours have recorded something, by source.
        slots: slot to its last wake, epoch seconds.
        pending: notifications that wait to be sent; None when the cursor cannot be read.
        applied: when the last apply was, epoch seconds.
    """

    states: Mapping[State, int]
    last_success: Mapping[str, float]
    late: Mapping[str, int]
    failures: Mapping[str, int]
    missed: Mapping[str, int]
    runs: Mapping[RunState, int]
    wakes: Mapping[str, int]
    slots: Mapping[str, float] = field(default_factory=dict)
    pending: int | None = None
    applied: float | None = None
