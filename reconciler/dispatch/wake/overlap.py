"""Whether an occurrence may start while an earlier run of its schedule may still be going.

What makes this safe under simultaneous wakes is order: an occurrence is admitted only when the one
before it is settled, which its claim tells, and every decision is itself a claim. The entry
``running/NAME`` names the last that was to start, for when the one before did not run; it is
written before the start, so that whoever misses it has the claim to wait for.
"""

from __future__ import annotations

from collections.abc import Container
from datetime import timedelta
from typing import Final

from reconciler.cron import minute
from reconciler.dispatch.answers import CallState
from reconciler.dispatch.decide.admission import Admission, Admitted, replacing, running_key
from reconciler.dispatch.decide.calendar import previous_time
from reconciler.dispatch.ports import Caller, Claims
from reconciler.model.claim import Claimant, ClaimState, claim_key, read_claim
from reconciler.model.formats import Entry, typed
from reconciler.model.occurrence import Occurrence
from reconciler.model.record import Record
from reconciler.policies import Overlap

IN_DOUBT: Final = timedelta(hours=1)
"""How long an occurrence waits for one before it that nobody settles."""
ATTEMPTS_SEEN: Final = 20
PLACES: Final = 50
"""Occurrences that may wait for one run, one after the other, before no more do."""


_START: Final = Admitted(Admission.START)
_WAIT: Final = Admitted(Admission.WAIT)


async def admit(
    record: Record, occurrence: Occurrence, claimant: Claimant, claims: Claims, caller: Caller
) -> Admitted:
    """Decide by the record's ``overlap``, which is not ``allow``.

    Raises:
        UnavailableError: what is running could not be found out.
    """
    register = await _register(record, claims)
    last = await _last_started(record, occurrence, register, claimant, claims)
    if any(not entry for entry in last):
        return _WAIT
    cancelled = set()
    for entry in last:
        status = await caller.status(str(entry["call"]))
        if not status.ended:
            break
        if status.state is CallState.CANCELLED:
            cancelled.add(entry["occurrence"])
    else:
        return _after_all(occurrence, register, cancelled)
    behind, call = str(entry["occurrence"]), str(entry["call"])
    running = f"{behind} is still running"
    match record.overlap:
        case Overlap.SKIP:
            return Admitted(Admission.SKIP, behind, call, f"{running}; overlap is skip")
        case Overlap.REPLACE:
            return Admitted(Admission.REPLACE, behind, call, replacing(behind))
        case _:
            return await _queue(occurrence, claims, behind, call, running)


async def _queue(
    occurrence: Occurrence, claims: Claims, behind: str, call: str, running: str
) -> Admitted:
    """One may wait for a call to end: who claims the place behind it.

    Whoever waited there and was let go, for its deadline, has left the next place to others.
    """
    place = {"occurrence": occurrence.id}
    for number in range(1, PLACES + 1):
        key = f"queue/{call}" if number == 1 else f"queue/{call}#{number}"
        if await claims.put_new(key, place):
            return Admitted(Admission.QUEUE, behind, call, f"{running}; overlap is queue")
        entry = await claims.get(key)
        first = None if entry is None else _named(entry, "occurrence")
        if entry is None or first == occurrence:
            return Admitted(Admission.QUEUE, behind, call)
        # Of a place that cannot be read nobody knows who waits there: the next one is taken.
        if first is not None and not await _was_let_go(first, claims):
            reason = f"{running} and {first.id} waits for it; overlap is queue"
            return Admitted(Admission.SKIP, behind, call, reason)
    reason = f"{running}, and {PLACES} have waited for it in vain; overlap is queue"
    return Admitted(Admission.SKIP, behind, call, reason)


def _after_all(
    occurrence: Occurrence, register: Entry | None, cancelled: Container[object]
) -> Admitted:
    """It starts, for nothing is running any more.

    An attempt before this one may have ended what was, and failed to start: the history is to say
    why that run was cancelled.
    """
    if register is None or register["occurrence"] != occurrence.id:
        return _START
    behind = str(register.get("replaces", ""))
    if behind not in cancelled:
        return _START
    return Admitted(Admission.START, behind, reason=replacing(behind))


async def _was_let_go(occurrence: Occurrence, claims: Claims) -> bool:
    """Whether its claims say that it does not start."""
    for attempt in range(1, ATTEMPTS_SEEN + 1):
        entry = await claims.get(claim_key(occurrence, attempt))
        if entry is None:
            return False
        match read_claim(entry, occurrence.id).state:
            case ClaimState.MISSED | ClaimState.SKIPPED:
                return True
            case ClaimState.STARTED:
                return False
            case ClaimState.CLAIMED | ClaimState.FAILED:
                continue
    return True


async def _last_started(
    record: Record,
    occurrence: Occurrence,
    register: Entry | None,
    claimant: Claimant,
    claims: Claims,
) -> list[Entry]:
    """The last started calls; an empty entry stands for one of which it is not settled yet.

    The occurrence before and the one that was last to start are mostly the same; not when a person
    woke for one of them out of turn.
    """
    at = previous_time(record, occurrence.at)
    before = [] if at is None else [record.occurrence(at)]
    if register is not None:
        names = (_named(register, "occurrence"), _named(register, "replaces"))
        before.extend(one for one in names if one is not None)
    found = [
        await _started(one, claimant, claims) for one in dict.fromkeys(before) if one != occurrence
    ]
    return [entry for entry in found if entry is not None]


async def _register(record: Record, claims: Claims) -> Entry | None:
    """The entry that names the last that was to start, under whichever name that was.

    A schedule that has an earlier name again finds the entry from before under it: the newest one
    counts. One that names another schedule's occurrence, which had or has that name, does not.
    """
    found: Entry | None = None
    newest = -1
    for name, last in ((record.name, None), *reversed(record.formerly)):
        if last is not None and newest > last:
            break
        entry = await claims.get(running_key(name))
        occurrence = None if entry is None else _named(entry, "occurrence")
        if (
            occurrence is not None
            and occurrence.at > newest
            and occurrence == record.occurrence(occurrence.at)
        ):
            found, newest = entry, occurrence.at
    return found


def _named(entry: Entry, key: str) -> Occurrence | None:
    """The occurrence that an entry names; None when it names none."""
    try:
        return Occurrence.parse(typed(entry, key, str))
    except (KeyError, TypeError, ValueError):
        return None


async def _started(occurrence: Occurrence, claimant: Claimant, claims: Claims) -> Entry | None:
    """The same of one occurrence, from the claims of its attempts."""
    in_doubt: Entry | None = None if _given_up(occurrence, claimant) else {}
    for attempt in range(1, ATTEMPTS_SEEN + 1):
        entry = await claims.get(claim_key(occurrence, attempt))
        if entry is None:
            return None if attempt == 1 else in_doubt
        claim = read_claim(entry, occurrence.id)
        match claim.state:
            case ClaimState.STARTED:
                return {"occurrence": occurrence.id, "call": claim.call}
            case ClaimState.MISSED | ClaimState.SKIPPED:
                return None
            case ClaimState.CLAIMED if not claimant.knows_dead(claim):
                return in_doubt
            case ClaimState.CLAIMED | ClaimState.FAILED:
                continue
    return None


def _given_up(before: Occurrence, claimant: Claimant) -> bool:
    return minute(claimant.now) - before.at > IN_DOUBT.total_seconds() // 60
