"""One wake: look at every schedule, start what is due, write down what was done.

The order of the steps is what the promises rest on: claim, spawn, confirm; then the runs file; then
the cursor. A crash after any of them leaves claims and a cursor from which the next wake goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, TypeVar

from reconciler.cron import minute
from reconciler.dispatch.cursor import CURSOR_KEY, Cursor, recover
from reconciler.dispatch.due import Due, find_due
from reconciler.dispatch.generation import Generation, Record
from reconciler.dispatch.occurrence import Occurrence
from reconciler.dispatch.policy import Fate, LetGo
from reconciler.dispatch.ports import (
    Caller,
    Claims,
    Clock,
    Generations,
    RunLog,
    UnavailableError,
)
from reconciler.dispatch.runs import RunRecord, RunState, WakeLog, format_time, shorten
from reconciler.dispatch.start import Claimant, Settled, start

T = TypeVar("T")

AT_ONCE: Final = 32
"""Calls to Modal under way at the same time."""
CALLS_WATCHED: Final = 500
"""Open calls whose end one wake asks for at most, the oldest first."""
MISSES_CLAIMED: Final = 100
"""Of the occurrences of one schedule that are missed, how many (the newest) are claimed as missed,
so that no simultaneous wake starts what this one reports, nor the other way round."""
RECOVERY_DAYS: Final = 7
"""Days of runs files that are read when the cursor's entry is gone."""


@dataclass(frozen=True, slots=True)
class Ports:
    """All the outside that a wake has."""

    clock: Clock
    claims: Claims
    generations: Generations
    caller: Caller
    log: RunLog


@dataclass(frozen=True, slots=True, kw_only=True)
class WakeRequest:
    """Who wakes, and for what.

    Attributes:
        wake: the call id of this wake.
        token: unique to this execution of it.
        slot: the slot that woke, or ``manual``.
        as_if: serve this epoch minute alone, as a wake in that minute would have.
        trigger: start this schedule's occurrence of the present minute, whatever its times are.
    """

    wake: str
    token: str
    slot: str
    as_if: int | None = None
    trigger: str | None = None

    @property
    def regular(self) -> bool:
        """Whether this serves everything since the last wake, and so may move the cursor."""
        return self.as_if is None and self.trigger is None


@dataclass
class _Tally:
    """What this wake has done so far."""

    records: list[RunRecord] = field(default_factory=list)
    unsettled: dict[str, int] = field(default_factory=dict)
    settled: list[str] = field(default_factory=list)
    calls: dict[str, str] = field(default_factory=dict)

    def add(self, occurrence: Occurrence, outcome: Settled) -> None:
        if outcome.record is not None:
            self.records.append(outcome.record)
            if outcome.record.call is not None:
                self.calls[outcome.record.call] = occurrence.id
        if outcome.next_attempt is None:
            self.settled.append(occurrence.id)
        else:
            self.unsettled[occurrence.id] = outcome.next_attempt


class NothingAppliedError(Exception):
    """There is no live generation: nothing was ever applied."""


class UnknownScheduleError(Exception):
    """The live generation has no schedule of that name."""


async def wake(ports: Ports, request: WakeRequest) -> WakeLog:
    """Serve what is due.

    Returns:
        What was done; already stored when there was anything to store.

    Raises:
        NothingAppliedError, UnknownScheduleError: there is nothing to serve.
        FormatError: the generation or the cursor is damaged or of a newer version.
        UnavailableError: the generation, the cursor or the runs file could not be read or written.
            Nothing is lost: the cursor did not move.
    """
    started = ports.clock.now()
    generation = await ports.generations.live()
    if generation is None:
        raise NothingAppliedError
    cursor = await read_cursor(ports)
    now = request.as_if if request.as_if is not None else minute(started)

    dues = _requested(generation, cursor, request, now)
    claimant = Claimant(request.token, request.wake, started)
    tally = _Tally()
    due_now = {Occurrence(due.record.name, at): (due.record, 1) for due in dues for at in due.start}
    carried_over = _carried_over(generation, cursor, request, tally, started)
    await _start_all(ports, claimant, {**due_now, **carried_over}, tally)
    taken = await _serve_let_go(ports.claims, claimant, dues, tally)
    await _start_all(ports, claimant, taken, tally)
    ended = await _look_at_open_calls(ports.caller, cursor.calls, started)

    log = WakeLog(
        wake=request.wake,
        slot=request.slot,
        started=format_time(started),
        now=now,
        generation=generation.digest,
        through=now if request.regular else None,
        unsettled=tally.unsettled,
        records=tuple(shorten(record) for record in (*tally.records, *ended)),
    )
    if log.records or log.unsettled:
        await ports.log.write(log)
    await _advance(ports.claims, cursor, log, tally, ended)
    return log


async def read_cursor(ports: Ports) -> Cursor:
    """The cursor's entry, or what the runs files tell when it is gone."""
    entry = await ports.claims.get(CURSOR_KEY)
    if entry is not None:
        return Cursor.from_json(entry)
    return recover(await ports.log.recent(RECOVERY_DAYS))


def _requested(generation: Generation, cursor: Cursor, request: WakeRequest, now: int) -> list[Due]:
    if request.trigger is not None:
        record = generation.by_name.get(request.trigger)
        if record is None:
            raise UnknownScheduleError(request.trigger)
        return [Due(record, (now,))]
    since = now - 1 if request.as_if is not None else cursor.since(now)
    return find_due(generation, since, now)


async def _start_all(
    ports: Ports,
    claimant: Claimant,
    starting: Mapping[Occurrence, tuple[Record, int]],
    tally: _Tally,
) -> None:
    """Start every occurrence, from the attempt that stands beside its record."""
    outcomes = await _at_once(
        start(record, occurrence, claimant, ports.claims, ports.caller, attempt=attempt)
        for occurrence, (record, attempt) in starting.items()
    )
    for occurrence, outcome in zip(starting, outcomes, strict=True):
        tally.add(occurrence, outcome)


async def _serve_let_go(
    claims: Claims, claimant: Claimant, dues: Iterable[Due], tally: _Tally
) -> dict[Occurrence, tuple[Record, int]]:
    """Write down what is let go, but return what another wake had claimed: that goes on."""
    claimed: dict[Occurrence, tuple[Record, int]] = {}
    for due in dues:
        for let_go in due.let_go:
            taken = await _claim_missed(claims, claimant, let_go)
            claimed |= {Occurrence(let_go.name, at): (due.record, 1) for at in taken}
            times = tuple(at for at in let_go.times if at not in taken)
            if times:
                left = replace(let_go, times=times)
                tally.records.append(_let_go_record(left, claimant.now))
    return claimed


async def _claim_missed(claims: Claims, claimant: Claimant, let_go: LetGo) -> set[int]:
    """Claim what is missed, so that it stays missed; return the times that others had claimed."""
    if let_go.fate is not Fate.MISSED:
        return set()
    newest = let_go.times[-MISSES_CLAIMED:]
    entry = claimant.missed(let_go.reason)
    won = await _at_once(claims.put_new(Occurrence(let_go.name, at).id, entry) for at in newest)
    return {at for at, ours in zip(newest, won, strict=True) if not ours}


def _let_go_record(let_go: LetGo, started: datetime) -> RunRecord:
    return RunRecord(
        name=let_go.name,
        times=let_go.times,
        count=len(let_go.times),
        state=RunState.MISSED if let_go.fate is Fate.MISSED else RunState.SKIPPED,
        at=format_time(started),
        reason=let_go.reason,
    )


def _carried_over(
    generation: Generation,
    cursor: Cursor,
    request: WakeRequest,
    tally: _Tally,
    started: datetime,
) -> dict[Occurrence, tuple[Record, int]]:
    """What earlier wakes left unsettled, with the next attempt of each."""
    if not request.regular:
        return {}
    found: dict[Occurrence, tuple[Record, int]] = {}
    for key, attempt in cursor.unsettled.items():
        occurrence = Occurrence.parse(key)
        record = generation.by_name.get(occurrence.name)
        if record is not None:
            found[occurrence] = (record, attempt)
            continue
        gone = LetGo(
            occurrence.name, (occurrence.at,), Fate.MISSED, "its schedule was deleted meanwhile"
        )
        tally.records.append(_let_go_record(gone, started))
        tally.settled.append(key)
    return found


async def _look_at_open_calls(
    caller: Caller, calls: Mapping[str, str], started: datetime
) -> list[RunRecord]:
    """A line for each open call that has ended. One that does not answer is asked again later."""

    async def look(call: str, occurrence: Occurrence) -> RunRecord | None:
        try:
            status = await caller.status(call)
        except UnavailableError:
            return None
        if not status.ended:
            return None
        return RunRecord(
            name=occurrence.name,
            times=(occurrence.at,),
            state=RunState(status.state.value),
            at=format_time(started),
            call=call,
            reason=status.reason,
            result=status.result,
        )

    watched = list(calls.items())[:CALLS_WATCHED]
    found = await _at_once(look(call, Occurrence.parse(key)) for call, key in watched)
    return [record for record in found if record is not None]


async def _advance(
    claims: Claims,
    before: Cursor,
    log: WakeLog,
    tally: _Tally,
    ended: Sequence[RunRecord],
) -> None:
    entry = await claims.get(CURSOR_KEY)
    found = Cursor.from_json(entry) if entry is not None else before
    mine = Cursor(log.through, tally.unsettled, tally.calls, {log.slot: log.started})
    merged = found.merge(
        mine,
        now=log.now,
        settled=tally.settled,
        ended=[record.call for record in ended if record.call is not None],
    )
    await claims.put(CURSOR_KEY, merged.to_json())


async def _at_once(jobs: Iterable[Awaitable[T]]) -> list[T]:
    """Run the jobs, a bounded number at the same time; results in their order."""
    free = asyncio.Semaphore(AT_ONCE)

    async def run(job: Awaitable[T]) -> T:
        async with free:
            return await job

    return await asyncio.gather(*(run(job) for job in jobs))
