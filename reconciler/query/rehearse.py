"""What the next wake would do: a wake runs on ports that change nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import uuid4

from reconciler.dispatch.wake.cursor_entry import read_cursor
from reconciler.dispatch.wake.request import NothingAppliedError, Ports, WakeRequest
from reconciler.dispatch.wake.wake import wake
from reconciler.model.claim import ClaimState, claim_key
from reconciler.model.cursor import CURSOR_KEY, Cursor, cursor_of
from reconciler.model.generation import ON_DEMAND, Generation
from reconciler.model.occurrence import Occurrence
from reconciler.model.runs import Run, runs_of
from reconciler.model.runs_file import RunRecord, RunState, WakeLog
from reconciler.model.task import is_task
from reconciler.query.name_matcher import record_of_task
from reconciler.query.rehearsal import Line, Rehearsal, Will
from reconciler.query.rehearsed_ports import REHEARSED, RehearsedClaims, rehearsed
from reconciler.query.still_damaged import ENTRY

HISTORY_DAYS = 2
"""Days of history that are read for earlier attempts. The cursor knows older occurrences that did
not start; only their reasons are missing then."""


async def rehearse(ports: Ports, as_if: int | None) -> Rehearsal:
    """What a wake would do now, or at the epoch minute ``as_if``.

    Raises:
        NothingAppliedError: nothing was applied yet.
    """
    generation = await ports.generations.live()
    if generation is None:
        raise NothingAppliedError
    before = await read_cursor(ports) if as_if is None else Cursor()
    on, claims = rehearsed(ports)
    token = f"rehearsal-{uuid4().hex}"
    log = await wake(on, WakeRequest(wake=token, token=token, slot=ON_DEMAND, as_if=as_if))
    known = await _known(ports, before)
    lines = [
        await _line(record, generation, claims, before, known, ports) for record in log.records
    ]
    before_lines = [
        Line(Will.NOTHING, record, await _function(record.occurrence, generation, ports))
        for record in log.before
    ]
    return Rehearsal(
        now=log.now,
        alone=as_if is not None,
        # The run log has named its files already.
        damaged=tuple(one for one in before.damaged if one.where.startswith(ENTRY)),
        lines=(*lines, *before_lines, *_waiting(log, _left(log, claims, as_if), generation, known)),
    )


async def _known(ports: Ports, cursor: Cursor) -> Mapping[Occurrence, Run]:
    """The history of the occurrences that earlier wakes could not start."""
    if not cursor.pending:
        return {}
    return {run.occurrence: run for run in runs_of(await ports.log.recent(HISTORY_DAYS))}


async def _line(
    record: RunRecord,
    generation: Generation,
    claims: RehearsedClaims,
    before: Cursor,
    known: Mapping[Occurrence, Run],
    ports: Ports,
) -> Line:
    run = known.get(record.occurrence)
    return Line(
        will=await _will(record, claims, before),
        record=record,
        function=await _function(record.occurrence, generation, ports),
        before=None if run is None or record.occurrence.id not in before.pending else run,
    )


async def _will(record: RunRecord, claims: RehearsedClaims, before: Cursor) -> Will:
    match record.state:
        case state if state.ended:
            return Will.RECORD
        case RunState.START_FAILED:
            # A task that cannot be read was not tried.
            unreadable = is_task(record.name) and record.occurrence.id not in before.pending
            tried = claim_key(record.occurrence, record.attempt) in claims.stored
            return Will.FAIL if tried or not unreadable else Will.REPORT
        case RunState.QUEUED:
            return Will.WAIT
        case RunState.STARTED if (record.call or "").startswith(REHEARSED):
            return Will.TRY if record.occurrence.id in before.pending else Will.START
        case RunState.STARTED:
            return Will.NOTHING
        case _:
            key = claim_key(record.occurrence, record.attempt)
            entry = None if key in claims.stored else await claims.get(key)
            settled = entry is not None and entry.get("state") in (
                ClaimState.MISSED.value,
                ClaimState.SKIPPED.value,
            )
            return Will.NOTHING if settled else Will.DROP


def _left(log: WakeLog, claims: RehearsedClaims, as_if: int | None) -> Mapping[str, int]:
    """The occurrences that a later wake has to process, with the attempt of each."""
    cursor = cursor_of(claims.stored.get(CURSOR_KEY))
    return cursor.pending if as_if is None and isinstance(cursor, Cursor) else log.pending


def _waiting(
    log: WakeLog,
    left: Mapping[str, int],
    generation: Generation,
    known: Mapping[Occurrence, Run],
) -> Iterable[Line]:
    """The occurrences that the wake would leave to a later one without recording anything."""
    said = {record.occurrence.id for record in log.records}
    for key, attempt in left.items():
        if key in said:
            continue
        occurrence = Occurrence.parse(key)
        run = known.get(occurrence)
        record = RunRecord(
            name=occurrence.name,
            times=(occurrence.at,),
            state=RunState.QUEUED,
            at=log.started,
            attempt=attempt,
            reason=None if run is None else run.reason,
        )
        owner = generation.owner(occurrence)
        function = "" if owner is None else f"{owner.app}/{owner.function}"
        yield Line(will=Will.WAIT, record=record, function=function, before=run)


async def _function(occurrence: Occurrence, generation: Generation, ports: Ports) -> str:
    if is_task(occurrence.name):
        record = await record_of_task(ports.tasks, occurrence.name)
    else:
        record = generation.owner(occurrence)
    return "" if record is None else f"{record.app}/{record.function}"
