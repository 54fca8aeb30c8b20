"""The newest runs of everything that is live, read from the newest file back."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import replace

from reconciler.dispatch.adapters.at_once import at_once
from reconciler.dispatch.answers import UnavailableError
from reconciler.dispatch.decide.nominal_times import exclusion, previous_time
from reconciler.dispatch.decide.recovery import RECOVERY_DAYS, recover
from reconciler.dispatch.ports import Caller
from reconciler.model.cursor import Cursor, cursor_of
from reconciler.model.formats import Entry
from reconciler.model.generation import Generation
from reconciler.model.runs import Run, begun, judged
from reconciler.model.runs_file import NEEDS_ATTENTION, RunState
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.model.task import is_task
from reconciler.query.file_runs import About, all_names
from reconciler.query.newest_first import Known, RunHistory
from reconciler.query.reach import FAR_DAYS

NEAR_DAYS = 7
"""Days of history in which most schedules have run; for the others the reader looks further."""
ASKED_AT_MOST = 20
"""Open calls of which Modal is asked how they stand. The next wake writes down how the others
ended."""
MINUTES_PER_DAY = 24 * 60


async def newest_runs(history: RunHistory, generation: Generation, now: int) -> Known:
    """The runs that say how each schedule and each recent task stands.

    A schedule is answered by a run that succeeded, all of whose lines are read: older runs change
    neither its last run nor its streaks. The reader goes back a week for the others. For those
    without any run it goes on to the time at which they should have run last.

    Args:
        now: epoch minute.

    Raises:
        UnavailableError: Modal did not answer.
    """

    left = {record.name: record for record in generation.records}
    renamed = {record.name for record in generation.records if record.formerly}

    def wanted(known: Known) -> About | None:
        for name in (known.by_name.keys() | renamed) & left.keys():
            if _is_answered(left[name], known, generation):
                del left[name]
        names = {*left, *(old for name in renamed & left.keys() for old in left[name].names)}
        return _wanted(known, generation, names, now)

    return await history.read_back(wanted, days=FAR_DAYS, summaries=True)


async def as_they_stand(
    runs: list[Run], generation: Generation, caller: Caller, now: int
) -> tuple[list[Run], int]:
    """The runs, the open ones that matter as Modal says that they stand now.

    Returns:
        The runs, and how many open ones Modal was not asked about.
    """
    newest: dict[str, int] = {}
    for run in runs:
        if run.state is RunState.SUCCEEDED and (owner := generation.owner(run.occurrence)):
            newest[owner.name] = max(begun(run), newest.get(owner.name, 0))

    def matters(run: Run) -> bool:
        if is_task(run.occurrence.name):
            return run.occurrence.at > now - MINUTES_PER_DAY
        owner = generation.owner(run.occurrence)
        return owner is not None and begun(run) >= newest.get(owner.name, 0)

    is_open = [run for run in runs if run.is_open and matters(run)]
    chosen = sorted(is_open, key=begun)[:ASKED_AT_MOST]
    asked = {run.occurrence: run for run in await with_open_calls(chosen, caller)}
    return [asked.get(run.occurrence, run) for run in runs], len(is_open) - len(chosen)


async def read_cursor(entry: Entry | None, history: RunHistory, generation: Generation) -> Cursor:
    """The cursor; from the headers of the runs files when its entry is gone or cannot be read."""
    found = cursor_of(entry)
    if isinstance(found, Cursor):
        return found
    slots = {slot.name for slot in generation.slots}

    def wanted(known: Known) -> About | None:
        through = any(log.through is not None for log in known.headers)
        woken = {log.slot for log in known.headers}
        return None if through and slots <= woken else _no_lines

    known = await history.read_back(wanted, days=RECOVERY_DAYS)
    cursor = recover(sorted(known.headers, key=lambda log: log.path))
    return replace(cursor, damaged=() if found is None else (found,))


def _no_lines(_name: str) -> bool:
    return False


def _is_answered(record: ScheduleRecord, known: Known, generation: Generation) -> bool:
    """Whether no older run can change its last run or its streaks: it succeeded."""
    return any(
        run.state is RunState.SUCCEEDED
        and run.started is not None
        and run.occurrence.at > known.after
        and (owner := generation.owner(run.occurrence)) is not None
        and owner.name == record.name
        for run in known.of(record.names)
    )


def _wanted(known: Known, generation: Generation, unanswered: Set[str], now: int) -> About | None:
    if not known.runs and known.after > now + MINUTES_PER_DAY:
        return all_names
    first = now - now % MINUTES_PER_DAY - (NEAR_DAYS - 1) * MINUTES_PER_DAY
    names = set(unanswered)
    if known.after < first:
        far = now - now % MINUTES_PER_DAY - (FAR_DAYS - 1) * MINUTES_PER_DAY
        names = {
            name
            for record, at in rare_schedules(generation, known.runs.values(), far, first)
            if at <= known.after
            for name in record.names
        }
    names |= {
        run.occurrence.name
        for run in known.of(filter(is_task, known.by_name))
        if run.state in NEEDS_ATTENTION and now - MINUTES_PER_DAY < run.occurrence.at <= known.after
    }
    return names.__contains__ if names else None


def rare_schedules(
    generation: Generation, runs: Iterable[Run], since: int, until: int
) -> list[tuple[ScheduleRecord, int]]:
    """The schedules that have no run from ``until`` on, and when each should last have run before;
    but for those that should not have, from ``since`` on: what is younger, or suspended.

    Args:
        runs: those from ``until`` on.
        since, until: epoch minutes.
    """
    owners = (generation.owner(one.occurrence) for one in runs if one.state is not RunState.SKIPPED)
    seen = {owner.name for owner in owners if owner is not None}
    unseen = (record for record in generation.records if record.name not in seen)
    found = ((record, _last_to_run(record, since, until)) for record in unseen)
    return [(record, at) for record, at in found if at is not None]


def _last_to_run(record: ScheduleRecord, since: int, until: int) -> int | None:
    """The last epoch minute in the half-open ``[since, until)`` at which it was to run."""
    since = max(since, record.anchor + 1, record.start or since)
    until = until if record.end is None else min(until, record.end)
    if record.at is not None:
        at: int | None = record.at if record.at < until else None
    else:
        at = previous_time(record, until)
    while at is not None and at >= since and not record.is_suspended(at):
        if exclusion(record, at) is None:
            return at
        at = previous_time(record, at)
    return None


async def with_open_calls(runs: Iterable[Run], caller: Caller) -> list[Run]:
    """The runs, those whose end no wake has written down yet as they stand now."""

    async def ask(run: Run) -> Run:
        assert run.call is not None
        try:
            status = await caller.status(run.call)
        except UnavailableError:
            return run
        if not status.ended:
            return run
        state = RunState(status.state.value)
        ended = replace(
            run, state=state, reason=status.reason, result=status.result, tries=status.tries
        )
        return judged(ended, run.replaced_by)

    known = list(runs)
    is_open = [place for place, run in enumerate(known) if run.is_open]
    # A coroutine for each of a long history's runs would take seconds.
    for place, run in zip(is_open, await at_once(ask(known[n]) for n in is_open), strict=True):
        known[place] = run
    return known
