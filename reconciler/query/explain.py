"""Why a schedule or a task ran, or did not: the question behind ``reconcile explain``."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.cron import minute
from reconciler.deploy.apply_records import record_or_damage
from reconciler.deploy.modal_files import RemoteGenerations
from reconciler.deploy.observation import read_pointer
from reconciler.dispatch.decide.nominal_times import previous_time, running_times
from reconciler.errors import ReconcileError
from reconciler.manifest import EnvironmentSettings
from reconciler.model.applied import Origin
from reconciler.model.cursor import CURSOR_KEY
from reconciler.model.formats import Damaged
from reconciler.model.generation import Generation
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.model.task import is_task
from reconciler.query.explanation import (
    Beginning,
    Explanation,
    Ground,
    Recorded,
    explain_deleted,
    explain_occurrence,
    explain_task,
)
from reconciler.query.live_runs import read_cursor, with_open_calls
from reconciler.query.name_matcher import NameMatcher, find_task, records_of, require_known
from reconciler.query.newest_first import Known
from reconciler.query.nothing_found import nothing_live, require_readable
from reconciler.query.ports import QueryPorts


async def explain(
    ports: QueryPorts, settings: EnvironmentSettings, name: str, at: int | None, *, days: int
) -> Explanation:
    """Explain one occurrence, or a task.

    Args:
        settings: which environment is meant.
        name: of a schedule, or the id of a task.
        at: epoch minute; None for the newest occurrence of a schedule and the next one. A task
            needs none.
        days: of history that are read.

    Raises:
        ReconcileError: nothing is live, or a schedule is meant and no time is given.
        NothingFoundError: neither what is live nor the history has the name.
        FormatError: what is live, or the schedule's record, cannot be read.
        UnavailableError: Modal did not answer.
    """
    generation = await RemoteGenerations(ports.files).live()
    if generation is None:
        raise await nothing_live(ports.apps, ports.files, settings)
    require_readable(generation, name)
    record = generation.named(name)
    now = minute(ports.clock.now())
    newest = None if record is None else previous_time(record, now + 1)
    known = await _history(ports, generation, name, record, newest if at is None else at, days)
    if record is not None and at is None:
        newest = _newest(record, newest, known, now)
    origin, unread = await _origin(ports, name)
    grounds: Sequence[Ground] = ()
    if record is None or at is None:
        grounds = await _of_task(ports, name, at, known)
    deleted = record is None and not grounds
    if not grounds:
        times = [at] if record is None or at is not None else _last_and_next(record, newest, now)
        found = [await _of_schedule(ports, generation, name, one, known) for one in times]
        grounds = [ground for of_one in found for ground in of_one]
    return Explanation(
        grounds=tuple(grounds),
        deleted=deleted,
        origin=origin,
        damaged=(*generation.damaged, *known.damaged, *unread),
    )


async def _history(
    ports: QueryPorts,
    generation: Generation,
    name: str,
    record: ScheduleRecord | None,
    at: int | None,
    days: int,
) -> Known:
    """The runs that the answer needs: those of the time; of a name that is not live, all."""
    names = {name} if record is None else {name, record.name}
    matchers = [NameMatcher.of(one, generation) for one in sorted(names)]
    history = ports.history

    def about(found: str) -> bool:
        return any(one.may_match(found) for one in matchers)

    if at is not None and record is not None:
        return await history.read_about(about, at, days=days)
    return await history.read_back(lambda _known: about, days=days)


def _newest(record: ScheduleRecord, newest: int | None, known: Known, now: int) -> int | None:
    """The newest of its times, or one at which a person triggered it since."""
    ran = (run.occurrence for run in known.ordered if run.occurrence.name in record.names)
    times = [one.at for one in ran if one.at <= now]
    return max(times if newest is None else [newest, *times], default=None)


def _last_and_next(record: ScheduleRecord, newest: int | None, now: int) -> list[int]:
    """The times to explain where none is given; now, where it has neither."""
    following = next(running_times(record, now), None)
    return [one for one in (newest, following) if one is not None] or [now]


async def _origin(ports: QueryPorts, name: str) -> tuple[Origin | None, Sequence[Damaged]]:
    """The apply that made the schedule what it is, as the record of the last apply says."""
    pointer, _damage = await read_pointer(ports.files)
    record, damaged = await record_or_damage(ports.files, pointer)
    return None if record is None else record.origins.get(name), damaged


async def _of_task(ports: QueryPorts, name: str, at: int | None, known: Known) -> Sequence[Ground]:
    """The answer for a task that a program created; none when there is no such task."""
    named = NameMatcher.of(name, None)
    found = await find_task(ports.tasks, name)
    of_it = [
        run
        for run in known.ordered
        if is_task(run.occurrence.name) and named.matches(run.occurrence)
    ]
    runs = await with_open_calls(of_it, ports.caller)
    records = await records_of(runs, None, ports.tasks)
    return explain_task(found, runs, minute(ports.clock.now()), at=at, records=records)


async def _of_schedule(
    ports: QueryPorts, generation: Generation, name: str, at: int | None, known: Known
) -> Sequence[Ground]:
    record = generation.named(name)
    if record is None:
        await require_known(name, generation, ports, known.ordered)
    if at is None:
        raise ReconcileError(
            "TIME is missing", remedy="Pass it", command=f"explain {name} 2026-11-23T09:00Z"
        )
    asked = None if record is None else record.occurrence(at)
    found = [
        run
        for run in known.ordered
        if run.occurrence.first == asked or (asked is None and run.occurrence.name == name)
    ]
    runs = await with_open_calls(found, ports.caller)
    if record is None:
        return (explain_deleted(name, at, runs),)
    entry = await ports.claims.get(CURSOR_KEY)
    cursor = await read_cursor(entry, ports.history, generation)
    beginning = Beginning.of(generation, record.name)
    now = minute(ports.clock.now())
    newest = explain_occurrence(record, at, runs, cursor, now, beginning)
    return (newest, *(Recorded(run, record) for run in reversed(runs[:-1])))
