"""What the history says of an occurrence that a person wants to run again, and its next run. Pure.

Invariant: *a rerun begins only when all earlier runs of its occurrence have ended or were
dropped*. The first run is the wakes' own: what was missed has used it, also from before the
schedule's anchor, and of what no wake has processed yet it is still to come. An end is final, so
what is found here holds; and when two people find the same number, its claim lets one run start.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from reconciler.dispatch.decide.nominal_times import times_between
from reconciler.errors import ReconcileError, RefusedError
from reconciler.model.occurrence import Occurrence, format_minute
from reconciler.model.runs import Run
from reconciler.model.runs_file import (
    GIVEN_UP,
    MAY_HAVE_STARTED,
    TOO_OLD,
    UNCONFIRMED,
    RunRecord,
    RunState,
)
from reconciler.model.schedule_record import ScheduleRecord


class OccurrenceStanding(StrEnum):
    """How an occurrence stands, by the newest of its runs."""

    MISSED = "missed"
    """It certainly did not start."""
    DOUBTFUL = "doubtful"
    """It was given up, or its end is forgotten: it may have run."""
    FAILED = "failed"
    OTHER = "other"
    """It succeeded, was skipped or was cancelled."""
    OPEN = "open"
    """It runs, or a wake is to start it."""
    AHEAD = "ahead"
    """No wake has processed it yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsKnown:
    """What is known of the runs of one schedule.

    Attributes:
        runs: by occurrence, the oldest run first; those that are open as Modal says that they
            stand.
        cut: lines about many occurrences that do not spell out all of them.
        pending: the occurrences, with their runs, that a later wake is to process.
        through: the epoch minute up to which wakes have processed; None before the first.
    """

    runs: Mapping[Occurrence, Sequence[Run]]
    cut: Sequence[RunRecord] = ()
    pending: Collection[Occurrence] = ()
    through: int | None = None

    def of(self, occurrence: Occurrence) -> Sequence[Run]:
        """The runs of an occurrence, the oldest first."""
        return self.runs.get(occurrence, ())

    def waiting(self, occurrence: Occurrence) -> Occurrence | None:
        """Its run that a later wake is to start."""
        if not self.pending:
            return None
        numbers = range(1, self._highest(occurrence) + 2)
        runs = (occurrence._replace(run=number) for number in numbers)
        return next((one for one in runs if one in self.pending), None)

    def standing(self, record: ScheduleRecord, occurrence: Occurrence) -> OccurrenceStanding:
        """How an occurrence stands.

        Args:
            occurrence: its first run.
        """
        if self.waiting(occurrence) is not None:
            return OccurrenceStanding.OPEN
        runs = self.of(occurrence)
        if any(run.state in _OPEN for run in runs):
            return OccurrenceStanding.OPEN
        if runs:
            return _ended(runs[-1].state, runs[-1].reason)
        if occurrence.at <= record.anchor:
            return OccurrenceStanding.MISSED
        if self.through is None or occurrence.at > self.through:
            return OccurrenceStanding.AHEAD
        for line in self.cut:
            if line.name == occurrence.name and line.times[0] <= occurrence.at <= line.times[-1]:
                return _ended(line.state, line.reason)
        return OccurrenceStanding.DOUBTFUL  # its line is lost

    def following(self, occurrence: Occurrence) -> Occurrence:
        """The next run of an occurrence, all of whose runs have ended or were dropped."""
        return occurrence._replace(run=self._highest(occurrence) + 1)

    def _highest(self, occurrence: Occurrence) -> int:
        return max((run.occurrence.run for run in self.of(occurrence)), default=1)


def by_occurrence(runs: Iterable[Run]) -> dict[Occurrence, list[Run]]:
    """Runs by the first run of their occurrence, in the order in which they come."""
    found: dict[Occurrence, list[Run]] = {}
    for run in runs:
        found.setdefault(run.occurrence.first, []).append(run)
    return found


def next_run(record: ScheduleRecord, occurrence: Occurrence, known: RunsKnown) -> Occurrence:
    """The next run of an occurrence that a person wants to run again.

    Raises:
        RefusedError: another run of it is open, or it has succeeded.
        ReconcileError: it is not an occurrence of the schedule, or no wake has processed it yet.
    """
    runs = known.of(occurrence)
    if not runs and not times_between(record, occurrence.at, occurrence.at + 1):
        raise ReconcileError(
            f"{format_minute(occurrence.at)} is not a time of {record.name}, and it has not run "
            "then",
            remedy="See its times",
            command=f"explain {record.name} {format_minute(occurrence.at)}",
        )
    match known.standing(record, occurrence):
        case OccurrenceStanding.OPEN:
            raise RefusedError(
                f"{_open(occurrence, known)}; a further run begins when it has ended",
                remedy="Look at its outcome later",
                command=f"runs {occurrence.id}",
            )
        case OccurrenceStanding.AHEAD:
            raise ReconcileError(
                f"no wake has processed {occurrence.id} yet; the first one from then on starts it",
                remedy="See what the next wake does",
                command="wake --dry-run",
            )
        case OccurrenceStanding.OTHER if runs and runs[-1].state is RunState.SUCCEEDED:
            raise RefusedError(
                f"{runs[-1].occurrence.id} has succeeded",
                remedy="To run it once more all the same, backfill it",
                command=f"backfill {record.name} --from {format_minute(occurrence.at)} "
                f"--to {format_minute(occurrence.at + 1)} --only all",
            )
        case _:
            return known.following(occurrence)


def _open(occurrence: Occurrence, known: RunsKnown) -> str:
    for run in known.of(occurrence):
        if run.is_open:
            return f"{run.occurrence.id} is still running, as call {run.call}"
    waiting = known.waiting(occurrence)
    one = occurrence if waiting is None else waiting
    return f"{one.id} has not started yet, and a later wake starts it"


def _ended(state: RunState, reason: str | None) -> OccurrenceStanding:
    match state:
        case RunState.EXPIRED:
            return OccurrenceStanding.DOUBTFUL
        case RunState.MISSED | RunState.FAILED if any(one in (reason or "") for one in _DOUBTS):
            return OccurrenceStanding.DOUBTFUL
        case RunState.MISSED:
            return OccurrenceStanding.MISSED
        case RunState.FAILED | RunState.TIMED_OUT:
            return OccurrenceStanding.FAILED
        case _:
            return OccurrenceStanding.OTHER


_OPEN: Final = frozenset({RunState.STARTED, RunState.QUEUED, RunState.START_FAILED})
_DOUBTS: Final = (MAY_HAVE_STARTED, UNCONFIRMED, TOO_OLD, GIVEN_UP)
