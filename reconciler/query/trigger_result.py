"""The result of a trigger, or of a rerun, without the other work of its wake."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reconciler.dispatch.ports import Caller, Claims
from reconciler.errors import ReconcileError
from reconciler.model.claim import claim_key
from reconciler.model.cursor import CURSOR_KEY, Cursor, cursor_of
from reconciler.model.occurrence import Occurrence
from reconciler.model.outbox import Sending
from reconciler.model.runs_file import RunRecord, RunState, WakeLog
from reconciler.model.schedule_record import ScheduleRecord


async def triggered(log: WakeLog, run: Occurrence, claims: Claims) -> WakeLog | None:
    """The part of a wake's log that concerns the run that a trigger asked for.

    The same wake also records the ends of earlier calls, which are left out here. The claim of the
    run names the wake that made it, and so shows whether an earlier wake processed it.

    Returns:
        None when an earlier wake has processed this run: this one started nothing.

    Raises:
        ReconcileError: this trigger started nothing, and will not.
    """
    line = next((line for line in log.records if _is_decision(line, run)), None)
    if line is None:
        raise ReconcileError(
            f"{run.id} waits for another wake that is processing it, or for an earlier run; "
            "this trigger started nothing, and a later wake will start it",
            remedy="Look at its outcome later",
            command=f"runs {run.id}",
        )
    claim = await claims.get(claim_key(run, line.attempt))
    if claim is not None and claim.get("wake") != log.wake:
        return None
    if line.state in (RunState.SKIPPED, RunState.MISSED):
        raise ReconcileError(
            f"{run.id} was {line.state.value}: {line.reason}; nothing was started",
            remedy="See the runs of the schedule",
            command=f"runs {run.name}",
        )
    return replace(log, records=(line,), sendings=tuple(_sendings_of(log, run)))


async def unclaimed_run(occurrence: Occurrence, claims: Claims) -> Occurrence:
    """The next run of an occurrence of the present minute.

    Of other occurrences the history knows the next run; the claims of this one are minutes old, and
    none of them has expired.
    """
    run = occurrence._replace(run=2)
    while await claims.get(claim_key(run, 1)) is not None:
        run = run._replace(run=run.run + 1)
    return run


async def refuse_while_running(record: ScheduleRecord, claims: Claims, caller: Caller) -> None:
    """Under ``overlap: skip`` a trigger starts nothing beside a run that is going.

    A further run would wait for the end of that run instead.

    Raises:
        ReconcileError: a run of the schedule is going.
        UnavailableError: Modal did not answer.
    """
    cursor = cursor_of(await claims.get(CURSOR_KEY))
    for call, key in cursor.calls.items() if isinstance(cursor, Cursor) else ():
        run = Occurrence.parse(key)
        if run.name in record.names and not (await caller.status(call)).ended:
            raise ReconcileError(
                f"{run.id} is still running; overlap is skip; nothing was started",
                remedy="Trigger it again when that run has ended. See how it stands",
                command=f"runs {run.id}",
            )


def rerun_result(log: WakeLog, run: Occurrence) -> WakeLog:
    """The part of a wake's log that concerns the run that a person asked for.

    Raises:
        ReconcileError: this wake did not start it.
    """
    line = next((line for line in log.records if _is_decision(line, run)), None)
    if line is None:
        raise ReconcileError(
            f"{run.id} has not started yet: another wake is processing it, or an earlier run of "
            "the schedule must end first; a later wake starts it",
            remedy="Look at its outcome later",
            command=f"runs {run.id}",
        )
    return replace(log, records=(line,), sendings=tuple(_sendings_of(log, run)))


def _is_decision(line: RunRecord, occurrence: Occurrence) -> bool:
    return line.occurrence == occurrence and not line.state.ended


def _sendings_of(log: WakeLog, occurrence: Occurrence) -> Iterator[Sending]:
    for sending in log.sendings:
        if sending.notification.endswith(f"/{occurrence.id}"):
            yield sending
