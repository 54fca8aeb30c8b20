"""The newest runs: the question behind ``reconcile runs``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from reconciler.dispatch.history import with_open_calls
from reconciler.dispatch.ports import Caller
from reconciler.model.formats import Damaged
from reconciler.model.history import Run, begun
from reconciler.model.occurrence import Occurrence
from reconciler.model.runs_file import NEEDS_ATTENTION, RunState, format_time
from reconciler.query.live_runs import ASKED_AT_MOST
from reconciler.query.newest_first import About, Known, RunHistory


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsWanted:
    """Which runs are asked for.

    Attributes:
        count: how many, the newest by nominal time.
        days: the newest days with runs files that are searched.
        since: only runs of which something was seen then or later; None for all.
        failed: only runs that failed or were missed.
        about: which names in the history may be meant; None for all.
        means: which occurrences are; None for all.
    """

    count: int
    days: int
    since: datetime | None = None
    failed: bool = False
    about: About | None = None
    means: Callable[[Occurrence], bool] | None = None


@dataclass(frozen=True, slots=True)
class RunList:
    """Runs in the order of nominal time and name.

    Attributes:
        more: whether there are older ones.
        not_asked: open runs of which Modal was not asked how they stand: there are too many.
        damaged: what cannot be read of the files that were read.
    """

    runs: tuple[Run, ...]
    more: bool = False
    not_asked: int = 0
    damaged: tuple[Damaged, ...] = ()


async def list_runs(history: RunHistory, caller: Caller, wanted: RunsWanted) -> RunList:
    """The newest runs; no older file is read than these need.

    Raises:
        UnavailableError: Modal did not answer.
    """

    def more(known: Known) -> About | None:
        found = (
            run
            for run in known.runs.values()
            if run.occurrence.at > known.after and _is_wanted(run, wanted, surely=True)
        )
        # One more tells whether there are older ones.
        enough = sum(1 for _ in found) > wanted.count
        return None if enough else wanted.about or _all_names

    since = "" if wanted.since is None else format_time(wanted.since)
    known = await history.read_back(more, days=wanted.days, since=since)
    found = [run for run in known.ordered if _is_wanted(run, wanted, surely=False)]
    if not wanted.failed:
        runs, not_asked = await _as_they_stand(found[-wanted.count :], caller, wanted.count)
    else:
        # A call that is still open may have failed: Modal is asked before it is judged.
        runs, not_asked = await _as_they_stand(found, caller, ASKED_AT_MOST)
        found = [run for run in runs if run.state in NEEDS_ATTENTION]
        runs = found[-wanted.count :]
    more_there = len(found) > len(runs)
    return RunList(tuple(runs), more_there, not_asked, tuple(known.damaged))


async def _as_they_stand(runs: list[Run], caller: Caller, most: int) -> tuple[list[Run], int]:
    """The runs, the newest open ones as Modal says that they stand; how many it was not asked."""
    is_open = sorted((run for run in runs if run.is_open), key=begun)
    asked = {run.occurrence: run for run in await with_open_calls(is_open[-most:], caller)}
    return [asked.get(run.occurrence, run) for run in runs], max(0, len(is_open) - most)


def _is_wanted(run: Run, wanted: RunsWanted, *, surely: bool) -> bool:
    """Args: surely: leave out an open run, which may have failed."""
    if wanted.means is not None and not wanted.means(run.occurrence):
        return False
    if wanted.since is not None and datetime.fromisoformat(run.seen) < wanted.since:
        return False
    if not wanted.failed or run.state in NEEDS_ATTENTION:
        return True
    return not surely and run.state is RunState.STARTED


def _all_names(_name: str) -> bool:
    return True
