"""Plan a backfill: which occurrences of a range run once more, exactly. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final

from reconciler.dispatch.decide.nominal_times import exclusion, times_between
from reconciler.errors import ReconcileError, RefusedError
from reconciler.model.backfill import SHOWN, Backfill, Only
from reconciler.model.occurrence import Occurrence, format_minute
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.plan.price import WakePrice
from reconciler.plan.reruns import OccurrenceStanding, RunsKnown

CAP: Final = 500
"""Runs that one backfill may have unless it is allowed more."""
MOST_PARALLEL: Final = 100
"""Runs of one backfill that may be open at once: a wake starts them all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillRequest:
    """What a person asks for.

    Attributes:
        first, until: epoch minutes; the range is ``[first, until)``.
    """

    name: str
    first: int
    until: int
    only: Only = Only.MISSED
    parallel: int = 1
    reverse: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillPlan:
    """A backfill before its approval.

    Attributes:
        backfill: its runs may be none.
        record: the live schedule.
        left_out: why occurrences of the range do not run, each with how many.
        price: of a wake; each end of a run asks for one.
        is_known: it was approved before.
    """

    backfill: Backfill
    record: ScheduleRecord
    left_out: Mapping[str, int]
    price: WakePrice
    is_known: bool = False

    @property
    def wakes(self) -> int:
        """The wakes that it causes at most: one to begin, and one at each end."""
        return len(self.backfill.runs) + 1 if self.backfill.runs else 0


def plan_backfill(
    record: ScheduleRecord,
    request: BackfillRequest,
    known: RunsKnown,
    *,
    others: Collection[Occurrence] = (),
    kept_since: int,
    allow: int = CAP,
    now: int,
    price: WakePrice,
) -> BackfillPlan:
    """Plan it.

    Args:
        others: occurrences, by their first runs, that a backfill which is not over has still to
            run.
        kept_since: the epoch minute from which the history is kept.
        allow: how many runs it may have.
        now: epoch minute.

    Raises:
        ReconcileError: the range is empty.
        RefusedError: the range begins before the history that is kept, or has too many runs.
    """
    _check(request, kept_since)
    runs: list[Occurrence] = []
    left_out: Counter[str] = Counter()
    for at in times_between(record, request.first, request.until):
        occurrence = record.occurrence(at)
        reason = _left_out(record, occurrence, request.only, known, others, now)
        if reason is None:
            runs.append(known.following(occurrence))
        else:
            left_out[reason] += 1
    if len(runs) > allow:
        raise RefusedError(
            f"{len(runs):,} runs are more than the {allow:,} that a backfill may have",
            where=record.name,
            remedy=f"Choose a shorter range, or allow them: --allow {len(runs)}",
        )
    if request.reverse:
        runs.reverse()
    backfill = Backfill(
        name=record.name,
        first=request.first,
        until=request.until,
        only=request.only,
        parallel=request.parallel,
        reverse=request.reverse,
        runs=tuple(runs),
    )
    return BackfillPlan(
        backfill=backfill, record=record, left_out=dict(sorted(left_out.items())), price=price
    )


def require_same(plan: BackfillPlan, saved: Backfill, where: str) -> None:
    """Refuse to start what is not exactly what was saved and reviewed.

    Raises:
        RefusedError: it is not.
    """
    if plan.backfill.digest == saved.digest:
        return
    planned, reviewed = set(plan.backfill.runs), set(saved.runs)
    gone, new = len(reviewed - planned), len(planned - reviewed)
    raise RefusedError(
        f"what would run now is not what was saved: {gone} of {len(reviewed)} runs are left out "
        f"now, and {new} are new",
        where=where,
        remedy=f"Nothing was started. Plan again with --out. The file has the digest "
        f"{saved.digest[:SHOWN]}.",
    )


def _check(request: BackfillRequest, kept_since: int) -> None:
    if request.until <= request.first:
        raise ReconcileError(
            f"the range from {format_minute(request.first)} to {format_minute(request.until)} is "
            "empty",
            remedy="--to is the first minute that no longer belongs to it, and must be later than "
            "--from.",
        )
    if request.first < kept_since:
        raise RefusedError(
            f"the history is kept from {format_minute(kept_since)} on, so what ran at "
            f"{format_minute(request.first)} is not known",
            remedy="Begin later. `history` in the settings says how long it is kept.",
        )


def _left_out(
    record: ScheduleRecord,
    occurrence: Occurrence,
    only: Only,
    known: RunsKnown,
    others: Collection[Occurrence],
    now: int,
) -> str | None:
    """Why an occurrence does not run; None when it does."""
    standing = known.standing(record, occurrence)
    if occurrence.at > now:
        return "not due yet"
    if standing is OccurrenceStanding.AHEAD:
        return "not processed by a wake yet"
    if standing is OccurrenceStanding.OPEN:
        return "running, or about to start"
    if occurrence in others:
        return "in a backfill that is not over"
    if not known.of(occurrence):
        reason = exclusion(_unsuspended(record), occurrence.at) if record.exclude else None
        if reason is not None:
            return reason
    if only is Only.ALL or only.value == standing.value:
        return None
    if standing is OccurrenceStanding.OTHER:
        runs = known.of(occurrence)
        return runs[-1].state.value if runs else "skipped"
    return _WORDS[standing]


def _unsuspended(record: ScheduleRecord) -> ScheduleRecord:
    """It was not suspended then, or the history says so."""
    return record if record.suspended is None else replace(record, suspended=None)


_WORDS: Final = {
    OccurrenceStanding.MISSED: "missed",
    OccurrenceStanding.DOUBTFUL: "missed, may have started",
    OccurrenceStanding.FAILED: "failed",
}
