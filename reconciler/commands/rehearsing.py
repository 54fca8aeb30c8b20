"""What the next wake would do, found out without doing any of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reconciler.cron import minute
from reconciler.dispatch.cursor import Cursor, Horizon
from reconciler.dispatch.due import Due, find_due
from reconciler.dispatch.fakes import FakeClaims
from reconciler.dispatch.found_tasks import NO_TASKS, FoundTasks, find_tasks
from reconciler.dispatch.history import runs_of
from reconciler.dispatch.record import Record
from reconciler.dispatch.unsettled import look_again
from reconciler.dispatch.wake import NothingAppliedError, Ports, read_cursor
from reconciler.report.rehearsal import Rehearsal, Start

HISTORY_DAYS = 2
"""In which the history is asked what became of the attempts before: an occurrence that was not
started then is found by the cursor, and only its reason is not told."""


async def rehearse(ports: Ports, as_if: int | None) -> Rehearsal:
    """What a wake would do now, or as if it were that epoch minute.

    Raises:
        NothingAppliedError: there is nothing to serve.
    """
    generation = await ports.generations.live()
    if generation is None:
        raise NothingAppliedError
    now = as_if if as_if is not None else minute(ports.clock.now())
    cursor = Cursor() if as_if is not None else await read_cursor(ports)
    horizon = cursor.horizon(now, generation.digest) if as_if is None else Horizon(now - 1)
    tasks = await _tasks(ports, as_if, now)
    left = look_again(cursor, generation, tasks, now)
    again = [Start(one, _function(record), n) for one, (record, n) in left.again.items()]
    dues = [*find_due(generation, horizon, now), *tasks.dues(cursor.unsettled)]
    return Rehearsal(
        now=now,
        alone=as_if is not None,
        starts=tuple(await _starts(dues, cursor, ports)),
        again=tuple(await _with_reasons(again, ports)),
        let_go=(*left.gone, *(let_go for due in dues for let_go in due.let_go)),
        unreadable=tasks.lines,
    )


async def _tasks(ports: Ports, as_if: int | None, now: int) -> FoundTasks:
    if ports.tasks is None:
        return NO_TASKS
    # What cannot be read is reported by claims that last a day; a look makes none.
    unclaimed, exactly = FakeClaims(), as_if is not None
    started = ports.clock.now()
    return await find_tasks(ports.tasks, ports.log, unclaimed, now, started, exactly=exactly)


async def _with_reasons(again: Sequence[Start], ports: Ports) -> list[Start]:
    if not again:
        return []
    known = {run.occurrence: run for run in runs_of(await ports.log.recent(HISTORY_DAYS))}
    found = []
    for one in again:
        run = known.get(one.occurrence)
        last, reason = (None, None) if run is None else (run.state.value, run.reason)
        found.append(Start(one.occurrence, one.function, one.attempt, last=last, reason=reason))
    return found


async def _starts(dues: Iterable[Due], cursor: Cursor, ports: Ports) -> list[Start]:
    found = []
    for due in dues:
        for at in due.start:
            occurrence = due.record.occurrence(at)
            if occurrence.id in cursor.unsettled:
                continue
            claim = await ports.claims.get(occurrence.id)
            claimed = None if claim is None else str(claim["state"])
            found.append(Start(occurrence, _function(due.record), claimed=claimed))
    return found


def _function(record: Record) -> str:
    return f"{record.app}/{record.function}"
