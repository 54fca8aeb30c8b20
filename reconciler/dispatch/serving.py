"""Serve one step of a wake: start what is to start, write down what is let go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, TypeAlias

from reconciler.dispatch.at_once import at_once
from reconciler.dispatch.due import Due
from reconciler.dispatch.generation import Record
from reconciler.dispatch.occurrence import Occurrence
from reconciler.dispatch.policy import Fate, LetGo
from reconciler.dispatch.ports import Caller, Claims, Entry, UnavailableError
from reconciler.dispatch.runs import RunRecord, RunState, format_time
from reconciler.dispatch.start import Claimant, Settled, start

MISSES_CLAIMED: Final = 100
"""Of the occurrences of one schedule that are missed in one step, how many (the newest) are claimed
as missed, so that no simultaneous wake starts what this one reports, nor the other way round."""

Starting: TypeAlias = Mapping[Occurrence, tuple[Record, int]]
"""What is to start: the record, and the first attempt that is not known to have failed."""


@dataclass
class Tally:
    """What a step has done so far."""

    records: list[RunRecord] = field(default_factory=list)
    unsettled: dict[str, int] = field(default_factory=dict)
    settled: list[str] = field(default_factory=list)
    calls: dict[str, str] = field(default_factory=dict)

    def add(self, occurrence: Occurrence, outcome: Settled) -> None:
        """Count what became of an occurrence."""
        if outcome.record is not None:
            self.records.append(outcome.record)
            if outcome.record.call is not None:
                self.calls[outcome.record.call] = occurrence.id
        if outcome.next_attempt is None:
            self.settled.append(occurrence.id)
        else:
            self.unsettled[occurrence.id] = outcome.next_attempt


@dataclass(frozen=True, slots=True)
class Server:
    """Serves steps in the name of one wake."""

    claimant: Claimant
    claims: Claims
    caller: Caller

    async def serve(self, dues: Iterable[Due], carried_over: Starting, tally: Tally) -> None:
        """Start what is due or was carried over, and write down what is let go."""
        dues = tuple(dues)
        due_now = {
            Occurrence(due.record.name, at): (due.record, 1) for due in dues for at in due.start
        }
        await self._start_all({**due_now, **carried_over}, tally)
        taken = await self._let_go(dues, tally)
        others = {key: value for key, value in taken.items() if key not in carried_over}
        await self._start_all(others, tally)

    async def _start_all(self, starting: Starting, tally: Tally) -> None:
        outcomes = await at_once(
            start(record, occurrence, self.claimant, self.claims, self.caller, attempt=attempt)
            for occurrence, (record, attempt) in starting.items()
        )
        for occurrence, outcome in zip(starting, outcomes, strict=True):
            tally.add(occurrence, outcome)

    async def _let_go(self, dues: Iterable[Due], tally: Tally) -> Starting:
        """Write down what is let go, but return what another wake had claimed: that goes on."""
        claimed: dict[Occurrence, tuple[Record, int]] = {}
        for due in dues:
            for let_go in due.let_go:
                taken = await self._claim_missed(let_go)
                claimed |= {Occurrence(let_go.name, at): (due.record, 1) for at in taken}
                times = tuple(at for at in let_go.times if at not in taken)
                if times:
                    tally.records.append(
                        let_go_record(replace(let_go, times=times), self.claimant.now)
                    )
        return claimed

    async def _claim_missed(self, let_go: LetGo) -> set[int]:
        """Claim what is missed, so that it stays so; return the times that others had claimed."""
        if let_go.fate is not Fate.MISSED:
            return set()
        newest = let_go.times[-MISSES_CLAIMED:]
        entry = self.claimant.missed(let_go.reason)
        taken = await at_once(
            self._is_taken(Occurrence(let_go.name, at).id, entry) for at in newest
        )
        return {at for at, others in zip(newest, taken, strict=True) if others}

    async def _is_taken(self, key: str, entry: Entry) -> bool:
        """Claim an occurrence as missed; whether somebody else had claimed it.

        Without an answer it counts as ours: should a simultaneous wake start it after all, then
        its line outweighs ours in the history.
        """
        try:
            return not await self.claims.put_new(key, entry)
        except UnavailableError:
            return False


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
