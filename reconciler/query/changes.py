"""What each apply changed, and what changed after it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Final

from reconciler.cron import minute
from reconciler.model.applied import Applied
from reconciler.model.generation import Generation, new_generation
from reconciler.model.runs import Run, duration
from reconciler.model.runs_file import RunState
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.query.file_runs import About
from reconciler.query.newest_first import Known, RunHistory

FEWEST: Final = 3
"""Runs before and after an apply between which durations are compared."""
LONGER: Final = 1.5
"""A schedule takes longer when its median duration is this many times that of before."""
REACH_DAYS: Final = 30
"""Days of history that are looked at."""
COMPARED: Final = 50
"""Schedules of one apply that are looked at; an apply that changed more says nothing of one."""
_FAILED: Final = frozenset({RunState.FAILED, RunState.TIMED_OUT})


@dataclass(frozen=True, slots=True)
class FirstFailure:
    """The first failure of a schedule whose newest run before the apply had succeeded."""

    name: str
    after: timedelta


@dataclass(frozen=True, slots=True)
class TakesLonger:
    """A schedule whose runs take longer than before; medians, in seconds."""

    name: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class AppliedChange:
    """An apply.

    Attributes:
        added, changed, removed: the names of schedules; None where the apply before left no record.
        effects: what changed after it, of the schedules that it changed; None where that is not
            known: the apply is too old, or changed too many.
    """

    applied: Applied
    added: tuple[str, ...] | None
    changed: tuple[str, ...] | None
    removed: tuple[str, ...] | None
    effects: tuple[FirstFailure | TakesLonger, ...] | None


async def changes_of(
    history: RunHistory,
    applies: Sequence[Applied],
    records: Iterable[ScheduleRecord],
    now: datetime,
) -> Sequence[AppliedChange]:
    """What each apply changed.

    Args:
        applies: newest first; the last one only to compare with, unless it is the first of all.
        records: the schedules that are live.

    Raises:
        UnavailableError: Modal did not answer.
    """
    since = now - timedelta(days=REACH_DAYS)
    touched = [
        _touched(one, before) for one, before in zip(applies, (*applies[1:], None), strict=True)
    ]
    compared = [
        (*names[1], *names[0])
        if names is not None and len(names[0]) + len(names[1]) <= COMPARED and _at(one) > since
        else None
        for one, names in zip(applies, touched, strict=True)
    ]
    live = new_generation(records, (), 0)
    wanted = {
        every
        for names in compared
        for name in names or ()
        if (record := live.by_name.get(name)) is not None
        for every in record.names
    }
    runs = await _runs(history, wanted, minute(since), live) if wanted else {}
    ends = [now, *map(_at, applies)]
    return [
        AppliedChange(
            one,
            None if names is None else names[0],
            None if names is None else names[1],
            None if names is None else names[2],
            None if looked is None else tuple(_effects(looked, _at(one), until, runs)),
        )
        for one, names, looked, until in zip(applies, touched, compared, ends, strict=False)
    ]


Touched = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]


def _touched(one: Applied, before: Applied | None) -> Touched | None:
    if before is None and one.pointer.previous is not None:
        return None
    old = {} if before is None else before.origins
    added = sorted(one.origins.keys() - old.keys())
    changed = sorted(
        name for name, origin in one.origins.items() if name in old and origin != old[name]
    )
    return tuple(added), tuple(changed), tuple(sorted(old.keys() - one.origins.keys()))


async def _runs(
    history: RunHistory, names: set[str], after: int, live: Generation
) -> Mapping[str, Sequence[Run]]:
    def wanted(known: Known) -> About | None:
        return None if known.after <= after else names.__contains__

    known = await history.read_back(wanted, days=REACH_DAYS + 1)
    found: dict[str, list[Run]] = {}
    for run in known.ordered:
        record = live.owner(run.occurrence)
        if record is not None:
            found.setdefault(record.name, []).append(run)
    return found


def _effects(
    names: Iterable[str], at: datetime, until: datetime, runs: Mapping[str, Sequence[Run]]
) -> Iterator[FirstFailure | TakesLonger]:
    for name in names:
        before = [run for run in runs.get(name, ()) if _started(run) < at]
        after = [run for run in runs.get(name, ()) if at <= _started(run) < until]
        ended = [run for run in before if run.state.ended]
        failure = next((run for run in after if run.state in _FAILED), None)
        if failure is not None and not (ended and ended[-1].state in _FAILED):
            yield FirstFailure(name, _started(failure) - at)
        took, takes = (_median(found) for found in (before, after))
        if took is not None and takes is not None and takes >= LONGER * took:
            yield TakesLonger(name, took, takes)


def _median(runs: Iterable[Run]) -> int | None:
    took = [
        length
        for run in runs
        if run.state is RunState.SUCCEEDED and (length := duration(run)) is not None
    ]
    return round(median(took)) if len(took) >= FEWEST else None


def _started(run: Run) -> datetime:
    return datetime.fromisoformat(run.started or run.seen)


def _at(one: Applied) -> datetime:
    return datetime.fromisoformat(one.pointer.at)
