"""Reads the figures that monitoring collects: the question behind ``/metrics``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from reconciler.dispatch.adapters.at_once import together
from reconciler.model.cursor import CURSOR_KEY, Cursor, cursor_of
from reconciler.model.occurrence import Occurrence
from reconciler.model.runs import Run
from reconciler.model.runs_file import RunState, format_time
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.query.file_runs import About, all_names
from reconciler.query.metrics import Metrics
from reconciler.query.newest_first import Known, RunHistory
from reconciler.query.ports import QueryPorts
from reconciler.query.status import Status

WINDOW: Final = timedelta(hours=24)
"""The time of which runs and wakes are counted."""
WINDOW_DAYS: Final = 2
"""Days with runs files that the window touches."""
SUCCESS_DAYS: Final = 35
"""Days in which the last success of a schedule is looked for: a month and some."""


async def read_metrics(ports: QueryPorts, status: Status) -> Metrics:
    """The figures beside a status that was just asked for.

    Raises:
        UnavailableError: Modal did not answer.
    """
    now = ports.clock.now()
    since = format_time(now - WINDOW)
    history = ports.history
    recent, entry = await together(
        history.read_back(lambda _known: all_names, days=WINDOW_DAYS, since=since),
        ports.claims.get(CURSOR_KEY),
    )
    records = [one.record for one in status.schedules]
    succeeded = _successes(records, recent.runs.values())
    left = {name for record in records if record.name not in succeeded for name in record.names}
    if left:
        older = await _older_successes(history, left)
        succeeded = {**_successes(records, older), **succeeded}
    cursor = cursor_of(entry)
    return Metrics(
        states=Counter(one.state for one in status.schedules),
        last_success=succeeded,
        late={one.record.name: one.late for one in status.schedules if one.late is not None},
        failures={one.record.name: one.failures for one in status.schedules},
        missed={one.record.name: one.missed for one in status.schedules},
        runs=Counter(_recent(recent.runs, now - WINDOW)),
        wakes=Counter(log.source or log.slot for log in recent.headers if log.started >= since),
        slots={
            one.slot.name: _seconds(one.last_wake)
            for one in status.slots
            if one.last_wake is not None
        },
        pending=len(cursor.outbox.notifications) if isinstance(cursor, Cursor) else None,
        applied=None if status.pointer is None else _seconds(status.pointer.at),
    )


async def _older_successes(history: RunHistory, names: set[str]) -> Iterable[Run]:
    found: set[str] = set()

    def wanted(known: Known) -> About | None:
        found.update(
            run.occurrence.name
            for run in known.runs.values()
            if run.state is RunState.SUCCEEDED and run.occurrence.at > known.after
        )
        left = names - found
        return left.__contains__ if left else None

    known = await history.read_back(wanted, days=SUCCESS_DAYS, summaries=True)
    return known.runs.values()


def _successes(records: Iterable[ScheduleRecord], runs: Iterable[Run]) -> dict[str, float]:
    """Schedule to the start of its newest success among these runs."""
    owners = {name: record.name for record in records for name in record.names}
    found: dict[str, float] = {}
    for run in runs:
        owner = owners.get(run.occurrence.name)
        if owner is not None and run.state is RunState.SUCCEEDED and run.started is not None:
            found[owner] = max(found.get(owner, 0.0), _seconds(run.started))
    return found


def _recent(runs: Mapping[Occurrence, Run], since: datetime) -> Iterable[RunState]:
    first = since.timestamp() / 60
    return (run.state for occurrence, run in runs.items() if occurrence.at >= first)


def _seconds(time: str) -> float:
    return datetime.fromisoformat(time).timestamp()
