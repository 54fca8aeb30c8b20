"""Cancel a task, so that no wake can start it.

A cancellation is a claim, as a wake makes one to start the task: the first of the two decides.
Claims expire, and the task may be due in a year, so the cancellation is then written under
``settled/``; only then is the task cancelled for the caller. The task's own file stays until its
time, when a wake records that the task was skipped.
"""

from __future__ import annotations

from typing import Final

from reconciler.client.stored_tasks import (
    EDITIONS,
    TaskPorts,
    paths_of,
    registered,
    registration_key,
    stored,
)
from reconciler.client.task_errors import TaskStartedError, UnknownTaskError
from reconciler.dispatch.adapters.modal_failures import in_utf8
from reconciler.dispatch.answers import UnavailableError
from reconciler.dispatch.ports import Claims
from reconciler.dispatch.wake.start import ATTEMPT_LIMIT
from reconciler.model.claim import Claimant, ClaimState, claim_key, read_claim
from reconciler.model.formats import Entry
from reconciler.model.runs_file import format_time
from reconciler.model.task import Ending, SettledTask, Task

LOOKS: Final = 3
"""Attempts to read a competing claim, for the case that it expires between write and read."""


async def cancel(ports: TaskPorts, task_id: str, token: str, reason: str) -> SettledTask:
    """Cancel the task of this id; calling again is safe.

    Args:
        token: unique to this call.
        reason: shown in the history.

    Returns:
        The cancelled task, also when it was cancelled before.

    Raises:
        UnknownTaskError: there is no such task.
        TaskStartedError: the task has started, may have started, or is being started.
        FormatError: the file or entry of the id cannot be read.
        UnavailableError: Modal did not answer. It is unknown whether the task is cancelled.
    """
    last: SettledTask | None = None
    paths = await paths_of(ports.files, task_id)
    for edition in range(1, EDITIONS + 1):
        found = await stored(ports.files, task_id, edition, paths)
        if isinstance(found, SettledTask):
            if found.ending is not Ending.CANCELLED:
                raise _too_late(found)
            last = found
            continue
        task = found or await _registered(ports.claims, task_id, edition)
        if task is None:
            break
        return await _cancel(ports, task, token, reason)
    if last is None:
        raise UnknownTaskError(
            f"there is no task {task_id}",
            remedy="List the tasks with `reconcile tasks`; settled ones are kept for two weeks.",
        )
    return last


async def _registered(claims: Claims, task_id: str, edition: int) -> Task | None:
    """A task without a file: it is being created, or its creation was interrupted."""
    key = registration_key(task_id, edition)
    entry = await claims.get(key)
    return None if entry is None else registered(entry, key)


async def _cancel(ports: TaskPorts, task: Task, token: str, reason: str) -> SettledTask:
    claimant = Claimant(token, f"cancel-{token}", ports.clock.now())
    at = format_time(claimant.now)
    decided, in_doubt = await _decide(ports.claims, task, claimant, reason)
    match ClaimState(decided["state"]):
        case ClaimState.STARTED:
            call = str(decided["call"])
            raise _too_late(SettledTask(task=task, ending=Ending.STARTED, at=at, call=call))
        case ClaimState.CLAIMED:
            raise TaskStartedError(
                f"task {task.id} is being started right now", remedy="Check it again in a minute."
            )
        case ClaimState.SKIPPED:
            doubt = "; an earlier attempt may have started" if in_doubt else ""
            ending, why = Ending.CANCELLED, str(decided["error"]) + doubt
        case _:
            ending, why = Ending.MISSED, str(decided.get("error", "not started"))
    settled = SettledTask(task=task, ending=ending, at=at, reason=why)
    await ports.files.change({task.settled_path: settled.encode()})
    if ending is Ending.MISSED:
        raise _too_late(settled)
    if in_doubt:
        raise TaskStartedError(
            f"task {task.id} may have started: a wake ended before it could confirm the start",
            remedy="Check the function's calls in Modal. The task is cancelled: no wake starts it "
            "again.",
        )
    return settled


async def _decide(
    claims: Claims, task: Task, claimant: Claimant, reason: str
) -> tuple[Entry, bool]:
    """Claim the first unclaimed attempt as cancelled.

    Returns:
        The claim that decides the task, ours or another, and whether an earlier attempt is in
        doubt (never confirmed).
    """
    mine = claimant.dropped(ClaimState.SKIPPED, in_utf8(reason))
    in_doubt = False
    attempt, looks = 1, 0
    while attempt <= ATTEMPT_LIMIT:
        key = claim_key(task.occurrence, attempt)
        if await claims.put_new(key, {**mine, "attempt": str(attempt)}):
            return mine, in_doubt
        found = await claims.get(key)
        if found is None:
            looks += 1
            if looks == LOOKS:
                raise UnavailableError(f"the Dict entry {key} appeared and vanished {LOOKS} times")
            continue
        claim = read_claim(found, key)
        match claim.state:
            case ClaimState.FAILED:
                pass
            case ClaimState.CLAIMED if claimant.knows_dead(claim):
                in_doubt = True
            case _:
                return found, in_doubt
        attempt += 1
    return {"state": ClaimState.MISSED.value, "error": "all its attempts failed"}, in_doubt


def _too_late(settled: SettledTask) -> TaskStartedError:
    if settled.ending is Ending.STARTED:
        return TaskStartedError(
            f"task {settled.task.id} has started already, as call {settled.call}",
            remedy=f"To cancel that call: modal.FunctionCall.from_id({settled.call!r}).cancel()",
        )
    return TaskStartedError(
        f"task {settled.task.id} was {settled.ending.value} already: {settled.reason}",
        remedy="Nothing has to be cancelled.",
    )
