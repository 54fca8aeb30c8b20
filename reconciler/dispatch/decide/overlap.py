"""Whether an occurrence may start, given the earlier runs of its schedule. Pure.

The wake gathers what is known of the earlier runs and of the queue behind the one that is still
running (:mod:`reconciler.dispatch.wake.earlier_runs`); then this decides, without a call.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Final, NamedTuple

from reconciler.model.occurrence import Occurrence
from reconciler.model.runs_file import replacing
from reconciler.policies import Overlap

PLACES: Final = 50
"""Occurrences that may wait for one run, one after the other, before no more do."""


class EarlierState(Enum):
    """The state of an earlier run, as far as it decides about a later one."""

    IN_DOUBT = "in-doubt"
    """It may have started, or may still be started by another wake."""
    RUNNING = "running"
    CANCELLED = "cancelled"
    ENDED = "ended"


class EarlierRun(NamedTuple):
    """An earlier run; ``occurrence`` and ``call`` are ids, empty while it is in doubt."""

    state: EarlierState
    occurrence: str = ""
    call: str = ""


class Queue(NamedTuple):
    """The queue behind a run that is still running.

    Attributes:
        waiting: the id of the occurrence that waits; None when all that waited were dropped and no
            place is left.
        is_new: it has claimed its place just now.
        is_closed: the run is over, and its supervisor is about to end.
    """

    waiting: str | None = None
    is_new: bool = False
    is_closed: bool = False


class Earlier(NamedTuple):
    """What was gathered for one occurrence.

    Attributes:
        runs: those that may still be running.
        replaces: the occurrence id of the run that an earlier attempt of this occurrence was to
            replace; empty for none.
        queue: known when a run is running and ``overlap`` is ``queue``.
    """

    runs: Sequence[EarlierRun]
    replaces: str = ""
    queue: Queue = Queue()


class Admission(Enum):
    """What an occurrence may do."""

    START = "start"
    WAIT = "wait"
    """Until the one before it is settled."""
    QUEUE = "queue"
    SKIP = "skip"
    MISS = "miss"
    REPLACE = "replace"


class Admitted(NamedTuple):
    """A decision about one occurrence.

    Attributes:
        behind: the occurrence that is still running, when that is what decided.
        call: its call.
        reason: for the history; None when there is nothing new to say.
    """

    admission: Admission
    behind: str = ""
    call: str = ""
    reason: str | None = None


def decide_overlap(overlap: Overlap, occurrence: Occurrence, earlier: Earlier) -> Admitted:
    """Decide about one occurrence by its schedule's ``overlap``, which is not ``allow``.

    A run that a person has asked for (``rerun``, a backfill) waits until none is running: it ends
    no other run, and is not skipped. Nor is an occurrence skipped because of such a run.
    """
    if any(run.state is EarlierState.IN_DOUBT for run in earlier.runs):
        return Admitted(Admission.WAIT)
    running = next((run for run in earlier.runs if run.state is EarlierState.RUNNING), None)
    if running is None:
        return _start(earlier)
    behind, call = running.occurrence, running.call
    if occurrence.is_rerun:
        reason = f"{behind} is still running; overlap is {overlap.value}"
        return Admitted(Admission.QUEUE, behind, call, reason if earlier.queue.is_new else None)
    match overlap:
        case Overlap.SKIP if not waits_for_rerun(overlap, running):
            reason = f"{behind} is still running; overlap is skip"
            return Admitted(Admission.SKIP, behind, call, reason)
        case Overlap.REPLACE:
            return Admitted(Admission.REPLACE, behind, call, replacing(behind))
        case _:
            return _queue(overlap, occurrence.id, running, earlier.queue)


def _start(earlier: Earlier) -> Admitted:
    """It starts, since no earlier run is running any more.

    An attempt before this one may have cancelled a run and failed to start: the history then says
    why that run was cancelled.
    """
    cancelled = {run.occurrence for run in earlier.runs if run.state is EarlierState.CANCELLED}
    if earlier.replaces not in cancelled:
        return Admitted(Admission.START)
    return Admitted(Admission.START, earlier.replaces, reason=replacing(earlier.replaces))


def waits_for_rerun(overlap: Overlap, running: EarlierRun) -> bool:
    """Whether an occurrence that would be skipped waits, because a person asked for the run that
    is still running."""
    return overlap is Overlap.SKIP and Occurrence.parse(running.occurrence).is_rerun


def _queue(overlap: Overlap, occurrence: str, running: EarlierRun, queue: Queue) -> Admitted:
    behind, call = running.occurrence, running.call
    if queue.waiting == occurrence:
        reason = f"{behind} is still running; overlap is {overlap.value}"
        return Admitted(Admission.QUEUE, behind, call, reason if queue.is_new else None)
    if queue.waiting is not None:
        what = f"{behind} is still running and {queue.waiting} waits for it"
        reason = f"{what}; overlap is {overlap.value}"
        return Admitted(Admission.SKIP, behind, call, reason)
    what = f"{behind} is still running, and {PLACES} have waited for it in vain"
    reason = f"{what}; overlap is {overlap.value}"
    return Admitted(Admission.SKIP, behind, call, reason)


def running_key(name: str) -> str:
    """The Dict key of a schedule's last started call."""
    return f"running/{name}"


def queue_key(call: str, place: int = 1) -> str:
    """The Dict key of a place in the queue behind a call, from 1."""
    return f"queue/{call}" if place == 1 else f"queue/{call}#{place}"


def closed_queue(call: str) -> dict[str, str]:
    """The entry of the first place when the run was over before an occurrence took it."""
    return {"ended": call}
