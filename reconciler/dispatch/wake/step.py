"""Serve one step of a wake: start what is to start, write down what is let go."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final, TypeAlias

from reconciler.dispatch.adapters.at_once import at_once
from reconciler.dispatch.answers import UnavailableError
from reconciler.dispatch.decide.due import Due, Fate, LetGo
from reconciler.dispatch.wake.start import Settled, start
from reconciler.model.claim import Claimant, ClaimState, claim_key
from reconciler.model.formats import Damaged, Entry
from reconciler.model.occurrence import Occurrence
from reconciler.model.record import Record
from reconciler.model.runs import RunRecord, RunState, format_time
from reconciler.policies import Overlap

if TYPE_CHECKING:
    from reconciler.dispatch.ports import Caller, Claims

LET_GO_CLAIMED: Final = 100
"""Of the occurrences of one schedule that are let go in one step, how many (the newest) are claimed
so: no simultaneous wake starts what this one reports, nor the other way round; nor does a later one
that looks at them again, when what had excluded them is gone."""

Starting: TypeAlias = Mapping[Occurrence, tuple[Record, int]]
"""What is to start: the record, and the first attempt that is not known to have failed."""


@dataclass
class Tally:
    """What a step has done so far.

    Attributes:
        found: the lines about what an earlier execution had settled; they are in ``records`` too.
        repeated: those of them that an earlier wake has written down: nobody is notified again.
    """

    records: list[RunRecord] = field(default_factory=list)
    unsettled: dict[str, int] = field(default_factory=dict)
    settled: list[str] = field(default_factory=list)
    calls: dict[str, str] = field(default_factory=dict)
    damaged: list[Damaged] = field(default_factory=list)
    found: list[RunRecord] = field(default_factory=list)
    repeated: list[RunRecord] = field(default_factory=list)

    def add(self, occurrence: Occurrence, outcome: Settled) -> None:
        """Count what became of an occurrence."""
        self.damaged.extend(outcome.damaged)
        if outcome.record is not None:
            self.records.append(outcome.record)
            if outcome.found:
                self.found.append(outcome.record)
            if outcome.record.call is not None:
                self.calls[outcome.record.call] = occurrence.id
        if outcome.next_attempt is None:
            self.settled.append(occurrence.id)
        else:
            self.unsettled[occurrence.id] = outcome.next_attempt


@dataclass(slots=True)
class Server:
    """Serves the steps of one wake.

    Attributes:
        now: the epoch minute up to which the wake looks.
        in_doubt: schedules with an occurrence of which it is open what becomes of it.
        queued: schedules with an occurrence that waits for an earlier run. Of both, only those
            whose ``overlap`` makes later occurrences wait.
    """

    claimant: Claimant
    claims: Claims
    caller: Caller
    now: int
    in_doubt: set[str] = field(default_factory=set)
    queued: set[str] = field(default_factory=set)

    async def serve(
        self, dues: Iterable[Due], carried_over: Starting, open_before: Container[str], tally: Tally
    ) -> None:
        """Start what is due or was carried over, and write down what is let go.

        Args:
            open_before: ids of occurrences that earlier wakes left unsettled. They had been judged
                when they were due, and are not judged again.
        """
        dues = tuple(dues)
        due_now = {due.record.occurrence(at): (due.record, 1) for due in dues for at in due.start}
        # Later occurrences may have to wait for one that is let go, and that a dead wake had
        # claimed; where none has to, what is due now comes first.
        apart = [due for due in dues if due.record.overlap is not Overlap.ALLOW]
        taken = await self._let_go(apart, open_before, tally)
        await self._start_all({**due_now, **taken, **carried_over}, tally)
        others = (due for due in dues if due.record.overlap is Overlap.ALLOW)
        await self._start_all(await self._let_go(others, open_before, tally), tally)

    async def give_up(self, gone: Iterable[LetGo], attempts: Mapping[str, int]) -> None:
        """Claim what earlier wakes left unsettled and is let go after all: whoever comes upon it
        sees that it waits no more.

        Args:
            attempts: occurrence id to the attempt that is next.
        """
        claims = [
            (occurrence, self.claimant.let_go(_CLAIMED_AS[item.fate], item.reason))
            for item in gone
            for occurrence in (Occurrence(item.name, at) for at in item.times)
        ]
        await at_once(
            self._is_taken(claim_key(occurrence, attempts[occurrence.id]), entry)
            for occurrence, entry in claims
        )

    async def _start_all(self, starting: Starting, tally: Tally) -> None:
        lanes: dict[object, list[Occurrence]] = {}
        for occurrence, (record, _attempt) in starting.items():
            together = record.overlap is Overlap.ALLOW
            lanes.setdefault(occurrence if together else record.name, []).append(occurrence)
        for done in await at_once(self._one_by_one(lane, starting) for lane in lanes.values()):
            for occurrence, outcome in done:
                tally.add(occurrence, outcome)

    async def _one_by_one(
        self, lane: list[Occurrence], starting: Starting
    ) -> list[tuple[Occurrence, Settled]]:
        """Start occurrences in the order of time; behind one in doubt, the others wait."""
        done: list[tuple[Occurrence, Settled]] = []
        for occurrence in sorted(lane, key=lambda occurrence: occurrence.at):
            record, attempt = starting[occurrence]
            if record.name in self.in_doubt:
                done.append((occurrence, Settled(next_attempt=attempt)))
                continue
            outcome = await start(
                record,
                occurrence,
                self.claimant,
                self.claims,
                self.caller,
                self.now,
                attempt=attempt,
                behind_queue=record.name in self.queued,
            )
            done.append((occurrence, outcome))
            if record.overlap is not Overlap.ALLOW:
                self._hold(record.name, outcome)
        return done

    def _hold(self, name: str, outcome: Settled) -> None:
        if outcome.queued:
            self.queued.add(name)
        elif outcome.next_attempt is not None:
            self.in_doubt.add(name)

    async def _let_go(
        self, dues: Iterable[Due], open_before: Container[str], tally: Tally
    ) -> Starting:
        """Write down what is let go, but return what another wake had claimed: that goes on."""
        items = []
        for due in dues:
            for item in due.let_go:
                times = [at for at in item.times if due.record.occurrence(at).id not in open_before]
                items.append((due.record, item._replace(times=tuple(times))))
        taken = await self._claim_let_go(items)
        for record, item in items:
            tally.records.extend(
                let_go_record(item._replace(name=name, times=times), self.claimant.now)
                for name, times in _by_name(record, item.times, taken).items()
            )
        return {occurrence: (record, 1) for occurrence, record in taken.items()}

    async def _claim_let_go(
        self, items: Iterable[tuple[Record, LetGo]]
    ) -> Mapping[Occurrence, Record]:
        """Claim what is let go, so that it stays so; return what others had claimed.

        All at once: one schedule after the other would take longer than a wake lives, when
        thousands have missed something.
        """
        claims = [
            (record.occurrence(at), record, item)
            for record, item in items
            for at in item.times[-LET_GO_CLAIMED:]
        ]
        taken = await at_once(
            self._is_taken(occurrence.id, self.claimant.let_go(_CLAIMED_AS[item.fate], item.reason))
            for occurrence, _record, item in claims
        )
        return {
            occurrence: record
            for (occurrence, record, _item), others in zip(claims, taken, strict=True)
            if others
        }

    async def _is_taken(self, key: str, entry: Entry) -> bool:
        """Claim an occurrence as let go; whether somebody else had claimed it.

        Without an answer it counts as ours: should a simultaneous wake start it after all, then
        its line outweighs ours in the history.
        """
        try:
            return not await self.claims.put_new(key, entry)
        except UnavailableError:
            return False


_CLAIMED_AS: Final = {Fate.MISSED: ClaimState.MISSED, Fate.SKIPPED: ClaimState.SKIPPED}


def _by_name(
    record: Record, times: Iterable[int], but: Container[Occurrence]
) -> dict[str, tuple[int, ...]]:
    """The times that are left, by the name that the schedule had then."""
    found: dict[str, tuple[int, ...]] = {}
    for at in times:
        occurrence = record.occurrence(at)
        if occurrence not in but:
            found[occurrence.name] = (*found.get(occurrence.name, ()), at)
    return found


def let_go_record(let_go: LetGo, seen: datetime) -> RunRecord:
    """The line about what is let go."""
    return RunRecord(
        name=let_go.name,
        times=let_go.times,
        count=len(let_go.times),
        state=RunState.MISSED if let_go.fate is Fate.MISSED else RunState.SKIPPED,
        at=format_time(seen),
        reason=let_go.reason,
    )
