"""Reads which runs take longer than their schedules ever take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from reconciler.model.generation import Generation
from reconciler.model.runs import Run, begun, duration
from reconciler.model.runs_file import RunState
from reconciler.query.file_runs import About
from reconciler.query.long_run import COMPARED, Usual
from reconciler.query.newest_first import Known, RunHistory
from reconciler.query.reach import FAR_DAYS


async def long_runs(
    history: RunHistory, generation: Generation, runs: Sequence[Run], now: datetime
) -> Mapping[str, Usual]:
    """The schedules whose newest run takes longer than usual, each with what is usual.

    Most runs take no longer than the newest success, which is known; the history is read for the
    others alone.

    Args:
        runs: the newest of what is live, as they stand now.

    Raises:
        UnavailableError: Modal did not answer.
    """
    by_name: dict[str, list[Run]] = {}
    for run in sorted(runs, key=begun):
        owner = generation.owner(run.occurrence)
        if owner is not None and run.state is not RunState.SKIPPED:
            by_name.setdefault(owner.name, []).append(run)
    elapsed = {
        name: (now - datetime.fromisoformat(known[-1].started)).total_seconds()
        for name, known in by_name.items()
        if known[-1].state is RunState.STARTED and known[-1].started is not None
    }
    maybe = {
        name
        for name, seconds in elapsed.items()
        if all(seconds > (duration(run) or 0) for run in by_name[name])
    }
    if not maybe:
        return {}
    found = await _successes(history, generation, maybe)
    usual = {name: Usual.of(found[name]) for name in maybe}
    return {
        name: known
        for name, known in usual.items()
        if known is not None and known.is_exceeded_by(elapsed[name])
    }


async def _successes(
    history: RunHistory, generation: Generation, names: Iterable[str]
) -> Mapping[str, Sequence[Run]]:
    """The successes of these schedules, as many as are compared; whole days are read."""
    records = [generation.by_name[name] for name in names]

    def of(known: Known, names: Iterable[str]) -> Sequence[Run]:
        return [run for run in known.of(names) if duration(run) is not None]

    def wanted(known: Known) -> About | None:
        left = {
            name
            for record in records
            if sum(run.state is RunState.SUCCEEDED for run in of(known, record.names)) < COMPARED
            for name in record.names
        }
        return left.__contains__ if left else None

    known = await history.read_back(wanted, days=FAR_DAYS)
    return {record.name: of(known, record.names) for record in records}
