"""The runs of the last days, or of one occurrence: the questions behind ``reconcile runs``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from reconciler.deploy.modal_files import RemoteGenerations
from reconciler.dispatch.ports import Caller
from reconciler.manifest import EnvironmentSettings
from reconciler.model.formats import Damaged
from reconciler.model.occurrence import Occurrence, format_minute
from reconciler.model.runs import Run, begun
from reconciler.model.runs_file import NEEDS_ATTENTION, RunState, format_time
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.query.file_runs import About, all_names
from reconciler.query.live_runs import ASKED_AT_MOST, with_open_calls
from reconciler.query.name_matcher import NameMatcher, records_of, require_known
from reconciler.query.newest_first import Known, RunHistory
from reconciler.query.nothing_found import NothingFoundError, require_volume
from reconciler.query.open_attempts import with_modal_tries
from reconciler.query.ports import QueryPorts
from reconciler.query.reach import FAR_DAYS, USUAL_DAYS
from reconciler.query.run_groups import fold


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsWanted:
    """Which runs are asked for.

    Attributes:
        count: how many, the newest by nominal time.
        days: the newest days with runs files that are searched; None for a week, or for as many as
            ``since`` needs.
        since: only runs of which something was seen then or later; None for all.
        failed: only runs that failed or were missed.
        name: of a schedule, or the id of a task; None for all.
        before: nominal time and name; only runs before that one in their order. None for all.
        folded: ``count`` counts groups of occurrences that were skipped alike as one; see
            :func:`fold`.
    """

    count: int
    days: int | None = None
    since: datetime | None = None
    failed: bool = False
    name: str | None = None
    before: tuple[int, str] | None = None
    folded: bool = False

    def reach(self, now: datetime) -> int:
        """The newest days that are searched."""
        if self.days is not None:
            return self.days
        if self.since is None:
            return USUAL_DAYS
        whole = (now.astimezone(UTC).date() - self.since.astimezone(UTC).date()).days
        return max(USUAL_DAYS, whole + 1)


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


@dataclass(frozen=True, slots=True)
class OccurrenceRuns:
    """The runs of one occurrence.

    Attributes:
        records: of the schedules and tasks whose runs they are, by name; without unknown ones.
        damaged: what cannot be read of the files that were read.
    """

    runs: tuple[Run, ...]
    records: Mapping[str, ScheduleRecord]
    damaged: tuple[Damaged, ...] = ()


async def find_runs(
    ports: QueryPorts, occurrence: Occurrence, *, days: int = FAR_DAYS
) -> OccurrenceRuns:
    """The runs of one occurrence.

    Args:
        occurrence: its name is a schedule's, or a task's id; of a further run, that run alone.

    Raises:
        NothingFoundError: the history has none.
        UnavailableError: Modal did not answer.
    """
    generation = await RemoteGenerations(ports.files).live()
    named = NameMatcher.of(occurrence.name, generation)
    history = ports.history
    known = await history.read_about(named.may_match, occurrence.at, days=days)
    found = [
        one
        for one in known.ordered
        if one.occurrence.at == occurrence.at
        and named.matches(one.occurrence)
        and (not occurrence.is_rerun or one.occurrence.run == occurrence.run)
    ]
    if not found:
        await require_known(occurrence.name, generation, ports, known.ordered)
        error = NothingFoundError(
            f"the history has no {occurrence.id}",
            remedy="Ask why",
            command=f"explain {occurrence.name} {format_minute(occurrence.at)}",
        )
        error.damaged = tuple(known.damaged)
        raise error
    runs = await with_open_calls(found, ports.caller)
    if generation is not None:
        runs = await with_modal_tries(runs, generation, ports.claims)
    records = await records_of(runs, generation, ports.tasks)
    unread = () if generation is None else generation.damaged
    return OccurrenceRuns(tuple(runs), records, (*unread, *known.damaged))


async def list_runs(
    ports: QueryPorts, settings: EnvironmentSettings, wanted: RunsWanted
) -> RunList:
    """The newest runs.

    Args:
        settings: which environment is meant.

    Raises:
        NothingFoundError: neither what is live nor the history has the name.
        ReconcileError: there are none because the Volume was deleted.
        UnavailableError: Modal did not answer.
    """
    generation, named = None, None
    if wanted.name is not None:
        generation = await RemoteGenerations(ports.files).live()
        named = NameMatcher.of(wanted.name, generation)
    days = wanted.reach(ports.clock.now())
    found = await newest_of(ports.history, ports.caller, wanted, named, days=days)
    if not found.runs:
        if wanted.name is not None:
            await require_known(wanted.name, generation, ports)
        await require_volume(ports.apps, ports.files, settings)
    unread = () if generation is None else generation.damaged
    return replace(found, damaged=(*unread, *found.damaged))


async def newest_of(
    history: RunHistory,
    caller: Caller,
    wanted: RunsWanted,
    named: NameMatcher | None = None,
    *,
    days: int = USUAL_DAYS,
) -> RunList:
    """The newest runs; no older file is read than these need.

    Args:
        named: which runs the name means; None for all.
        days: the newest days with runs files that are searched.

    Raises:
        UnavailableError: Modal did not answer.
    """

    about = all_names if named is None else named.may_match

    def more(known: Known) -> About | None:
        found = (
            run
            for run in known.runs.values()
            if run.occurrence.at > known.after and _is_wanted(run, wanted, named, surely=True)
        )
        # One more tells whether there are older ones.
        # Runs that are still to be read may only make a group larger.
        number = len(fold(_ordered(found))) if wanted.folded else sum(1 for _ in found)
        return None if number > wanted.count else about

    since = "" if wanted.since is None else format_time(wanted.since)
    known = await history.read_back(more, days=days, since=since)
    found = [run for run in known.ordered if _is_wanted(run, wanted, named, surely=False)]
    if not wanted.failed:
        newest = _newest(found, wanted)
        runs, not_asked = await _as_they_stand(newest, caller, wanted.count)
    else:
        # A call that is still open may have failed: Modal is asked before it is judged.
        runs, not_asked = await _as_they_stand(found, caller, ASKED_AT_MOST)
        found = [run for run in runs if run.state in NEEDS_ATTENTION]
        runs = _newest(found, wanted)
    more_there = len(found) > len(runs)
    return RunList(tuple(runs), more_there, not_asked, tuple(known.damaged))


def _ordered(runs: Iterable[Run]) -> list[Run]:
    return sorted(runs, key=lambda run: (run.occurrence.at, run.occurrence.name))


def _newest(runs: list[Run], wanted: RunsWanted) -> list[Run]:
    """As many of the newest as are wanted, in their order."""
    if not wanted.folded:
        return runs[-wanted.count :]
    return _ordered(run for group in fold(runs)[-wanted.count :] for run in group)


async def _as_they_stand(runs: list[Run], caller: Caller, most: int) -> tuple[list[Run], int]:
    """The runs, the newest open ones as Modal says that they stand; how many it was not asked."""
    is_open = sorted((run for run in runs if run.is_open), key=begun)
    asked = {run.occurrence: run for run in await with_open_calls(is_open[-most:], caller)}
    return [asked.get(run.occurrence, run) for run in runs], max(0, len(is_open) - most)


def _is_wanted(run: Run, wanted: RunsWanted, named: NameMatcher | None, *, surely: bool) -> bool:
    """Args: surely: leave out an open run, which may have failed."""
    if named is not None and not named.matches(run.occurrence):
        return False
    place = (run.occurrence.at, run.occurrence.name)
    if wanted.before is not None and place >= wanted.before:
        return False
    if wanted.since is not None and datetime.fromisoformat(run.seen) < wanted.since:
        return False
    if not wanted.failed or run.state in NEEDS_ATTENTION:
        return True
    return not surely and run.state is RunState.STARTED
