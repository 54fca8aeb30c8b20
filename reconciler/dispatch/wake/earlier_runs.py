"""Gather the earlier runs of a schedule, of which one may still be running, and claim what follows.

What makes this safe under simultaneous wakes is order: an occurrence is admitted only when the one
before it is settled, which its claim says, and every decision is itself a claim. The entry
``running/NAME`` names the last that was to start, for when the one before did not run; it is
written before the start, so that a wake that misses it has the claim to wait for.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from reconciler.cron import minute
from reconciler.dispatch.answers import CallState
from reconciler.dispatch.decide.nominal_times import previous_time
from reconciler.dispatch.decide.overlap import (
    PLACES,
    Admitted,
    Earlier,
    EarlierRun,
    EarlierState,
    Queue,
    closed_queue,
    decide_overlap,
    queue_key,
    running_key,
    waits_for_rerun,
)
from reconciler.dispatch.ports import Caller, Claims
from reconciler.model.claim import Claimant, ClaimState, claim_key, read_claim
from reconciler.model.formats import Entry, typed
from reconciler.model.occurrence import Occurrence
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.policies import Overlap

IN_DOUBT: Final = timedelta(hours=1)
"""How long an occurrence waits for one before it that no wake settles."""
ATTEMPTS_SEEN: Final = 20


async def admit(
    record: ScheduleRecord,
    occurrence: Occurrence,
    claimant: Claimant,
    claims: Claims,
    caller: Caller,
) -> Admitted:
    """Decide by the record's ``overlap``, which is not ``allow``.

    Raises:
        UnavailableError: what is running could not be found out.
    """
    earlier = await _gathered(record, occurrence, claimant, claims, caller)
    return decide_overlap(record.overlap, occurrence, earlier)


async def _gathered(
    record: ScheduleRecord,
    occurrence: Occurrence,
    claimant: Claimant,
    claims: Claims,
    caller: Caller,
) -> Earlier:
    register = await _register(record, claims)
    runs: list[EarlierRun] = []
    for entry in await _last_started(record, occurrence, register, claimant, claims):
        if not entry:
            return Earlier((EarlierRun(EarlierState.IN_DOUBT),))
        runs.append(EarlierRun(EarlierState.RUNNING, str(entry["occurrence"]), str(entry["call"])))
    for number, run in enumerate(runs):
        status = await caller.status(run.call)
        if not status.ended:
            queue = await _place_behind(record, occurrence, run, claims)
            if not queue.is_closed:
                return Earlier(runs[: number + 1], queue=queue)
        cancelled = status.state is CallState.CANCELLED
        state = EarlierState.CANCELLED if cancelled else EarlierState.ENDED
        runs[number] = run._replace(state=state)
    is_ours = register is not None and register["occurrence"] == occurrence.id
    return Earlier(runs, str((register or {}).get("replaces", "")) if is_ours else "")


async def _place_behind(
    record: ScheduleRecord, occurrence: Occurrence, run: EarlierRun, claims: Claims
) -> Queue:
    """Where the occurrence waits for a run that is still running, if it does."""
    if occurrence.is_rerun:
        place = {"occurrence": occurrence.id}
        return Queue(occurrence.id, await claims.put_new(f"waits/{occurrence.id}", place))
    if record.overlap is Overlap.QUEUE or waits_for_rerun(record.overlap, run):
        return await _queue(occurrence, run.call, claims)
    return Queue()


async def _queue(occurrence: Occurrence, call: str, claims: Claims) -> Queue:
    """Claim the place behind a call, or find the occurrence that has it, or that it is closed.

    One that waited there and was dropped, for its deadline, has left the next place to others.
    """
    place = {"occurrence": occurrence.id}
    for number in range(1, PLACES + 1):
        key = queue_key(call, number)
        if await claims.put_new(key, place):
            return Queue(occurrence.id, is_new=True)
        entry = await claims.get(key)
        if entry == closed_queue(call):
            return Queue(is_closed=True)
        first = occurrence if entry is None else _named(entry, "occurrence")
        # It is not known which occurrence waits in a place that cannot be read: take the next one.
        if first is not None and (first == occurrence or not await _was_dropped(first, claims)):
            return Queue(first.id)
    return Queue()


async def _was_dropped(occurrence: Occurrence, claims: Claims) -> bool:
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
    record: ScheduleRecord,
    occurrence: Occurrence,
    register: Entry | None,
    claimant: Claimant,
    claims: Claims,
) -> list[Entry]:
    """The last started calls; an empty entry stands for one of which it is not settled yet.

    The occurrence before and the one that was last to start are mostly the same; not when a person
    woke for one of them out of turn. A further run of an old occurrence follows the newest one.
    """
    newest = minute(claimant.now) + 1 if occurrence.is_rerun else occurrence.at
    at = previous_time(record, newest)
    before = [] if at is None else [record.occurrence(at)]
    if register is not None:
        names = (_named(register, "occurrence"), _named(register, "replaces"))
        before.extend(one for one in names if one is not None)
    found = [
        await _started(one, claimant, claims) for one in dict.fromkeys(before) if one != occurrence
    ]
    return [entry for entry in found if entry is not None]


async def _register(record: ScheduleRecord, claims: Claims) -> Entry | None:
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
            and occurrence.first == record.occurrence(occurrence.at)
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
                return {}  # it may have begun late: the hour is not counted from its nominal time
            case ClaimState.CLAIMED | ClaimState.FAILED:
                continue
    return None


def _given_up(before: Occurrence, claimant: Claimant) -> bool:
    return minute(claimant.now) - before.at > IN_DOUBT.total_seconds() // 60
