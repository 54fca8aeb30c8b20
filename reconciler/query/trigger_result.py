"""The result of a trigger, or of a rerun, without the other work of its wake."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reconciler.dispatch.ports import Claims
from reconciler.errors import ReconcileError
from reconciler.model.claim import claim_key
from reconciler.model.formats import Entry
from reconciler.model.occurrence import Occurrence
from reconciler.model.outbox import Sending
from reconciler.model.runs_file import RunRecord, RunState, WakeLog

NEXT_MINUTE = "Trigger it again in the next minute."
"""An occurrence is a minute and is claimed once; the next minute is another occurrence."""


async def triggered(log: WakeLog, occurrence: Occurrence, claims: Claims) -> WakeLog:
    """The part of a trigger's log that concerns the triggered occurrence.

    The same wake also records the ends of earlier calls, which are left out here. The claim of the
    occurrence names the wake that made it, and so shows whether an earlier wake settled it.

    Raises:
        ReconcileError: this trigger started nothing, and will not.
    """
    line = next((line for line in log.records if _is_decision(line, occurrence)), None)
    if line is None:
        raise _in_doubt(occurrence)
    claim = await claims.get(claim_key(occurrence, line.attempt))
    if claim is not None and claim["wake"] != log.wake:
        raise _settled_before(line, occurrence, claim)
    if line.state in (RunState.SKIPPED, RunState.MISSED):
        raise ReconcileError(
            f"{occurrence.id} was {line.state.value}: {line.reason}; nothing was started",
            remedy=NEXT_MINUTE,
        )
    return replace(log, records=(line,), sendings=tuple(_sendings_of(log, occurrence)))


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


def _settled_before(line: RunRecord, occurrence: Occurrence, claim: Entry) -> ReconcileError:
    by = f"by wake {claim['wake']}"
    if line.state is RunState.STARTED:
        what = f"has started already in this minute, as call {line.call}, {by}"
    else:
        what = f"was {line.state.value} already in this minute, {by}: {line.reason}"
    return ReconcileError(f"{occurrence.id} {what}; nothing was started", remedy=NEXT_MINUTE)


def _in_doubt(occurrence: Occurrence) -> ReconcileError:
    return ReconcileError(
        f"{occurrence.id} waits for another wake that is processing it, or for an earlier run; "
        "this trigger started nothing, and a later wake will start it",
        remedy="Look at its outcome later",
        command=f"runs {occurrence.id}",
    )


def _sendings_of(log: WakeLog, occurrence: Occurrence) -> Iterator[Sending]:
    for sending in log.sendings:
        if sending.notification.endswith(f"/{occurrence.id}"):
            yield sending
