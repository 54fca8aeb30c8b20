"""What was resolved in the last 24 hours, and what ended it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from reconciler.cron import minute
from reconciler.model.runs import Run, lateness
from reconciler.model.runs_file import RunState
from reconciler.query.last_hours import LastHours
from reconciler.web.pages.moments import Moment, moment
from reconciler.words import count

SHOWN: Final = 10
_TROUBLE: Final = frozenset({RunState.FAILED, RunState.TIMED_OUT, RunState.MISSED})
_LATE: Final = 60
"""Seconds from which on a start is late."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """What was resolved, and by what; `name` is the schedule, where it is about one."""

    at: Moment
    name: str
    text: str


def resolved_of(hours: LastHours, now: datetime) -> tuple[Resolved, ...]:
    """The newest first, of all schedules."""
    found = [*_by_runs(hours), *_by_gaps(hours)]
    found.sort(reverse=True)
    return tuple(Resolved(moment(at, now), name, text) for at, name, text in found[:SHOWN])


def _by_runs(hours: LastHours) -> Iterator[tuple[int, str, str]]:
    for name in hours.troubled:
        trouble: list[Run] = []
        for run in hours.runs[name]:
            if run.state in _TROUBLE:
                trouble.append(run)
            elif run.state is RunState.SUCCEEDED:
                seen = minute(datetime.fromisoformat(run.seen))
                if trouble:
                    yield seen, name, _ended(trouble)
                elif run.attempt > 1 or len(run.tries) > 1:
                    tries = max(run.attempt, len(run.tries))
                    yield seen, name, f"succeeded on try {tries}"
                trouble = []


def _ended(trouble: list[Run]) -> str:
    missed = [run for run in trouble if run.state is RunState.MISSED]
    if len(missed) < len(trouble):
        return f"succeeded after {count(len(trouble) - len(missed), 'failure')}"
    return f"next occurrence succeeded; {count(len(missed), 'missed one')} not made up"


def _by_gaps(hours: LastHours) -> Iterator[tuple[int, str, str]]:
    for gap in hours.gaps:
        late = {
            name
            for name, runs in hours.runs.items()
            for run in runs
            if gap.after < run.occurrence.at <= gap.until and (lateness(run) or 0) >= _LATE
        }
        if late and gap.until < hours.until:
            yield gap.until, "", f"{count(len(late), 'late schedule')} ran after the gap"
