"""Process one step of a wake: start what is to start, write down what is dropped."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

from reconciler.dispatch.adapters.at_once import at_once
from reconciler.dispatch.answers import UnavailableError
from reconciler.dispatch.decide.due import DropOutcome, Dropped, Due, Starting
from reconciler.dispatch.wake.start import StartResult, start
from reconciler.model.claim import Claimant, ClaimState, claim_key, read_claim
from reconciler.model.formats import Damaged, Entry
from reconciler.model.occurrence import Occurrence
from reconciler.model.runs_file import RunRecord, RunState, format_time
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.policies import Overlap

if TYPE_CHECKING:
    from reconciler.dispatch.ports import Caller, Claims, Clock

DROPPED_CLAIMED: Final = 100
"""Of the occurrences of one schedule that one step drops, how many (the newest) are claimed as
dropped: no simultaneous wake starts what this one reports, nor the other way round; nor does a
later one that looks at them again, when nothing excludes them any more."""


@dataclass
class Tally:
    """What a step has done so far.

    Attributes:
        found: the lines about what an earlier execution had settled; they are in ``records`` too.
        repeated: those of them that an earlier wake has written down: they are not notified again.
        first_start: as in :class:`~reconciler.model.runs_file.WakeLog`.
    """

    records: list[RunRecord] = field(default_factory=list)
    pending: dict[str, int] = field(default_factory=dict)
    settled: list[str] = field(default_factory=list)
    calls: dict[str, str] = field(default_factory=dict)
    damaged: list[Damaged] = field(default_factory=list)
    found: list[RunRecord] = field(default_factory=list)
    repeated: list[RunRecord] = field(default_factory=list)
    first_start: int | None = None

    def add(self, occurrence: Occurrence, outcome: StartResult) -> None:
        """Count the result of an occurrence."""
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
            self.pending[occurrence.id] = outcome.next_attempt


@dataclass(slots=True)
class StepProcessor:
    """Processes the steps of one wake.

    Attributes:
        now: the epoch minute up to which the wake looks.
        in_doubt: schedules with an occurrence in doubt, or not settled for another reason.
        queued: schedules with an occurrence that waits for an earlier run. Of both, only those
            whose ``overlap`` makes later occurrences wait.
        behind: the calls for whose end an occurrence has begun to wait in a queue.
        first_start: as in :class:`~reconciler.model.runs_file.WakeLog`.
    """

    claimant: Claimant
    claims: Claims
    caller: Caller
    clock: Clock
    now: int
    in_doubt: set[str] = field(default_factory=set)
    queued: set[str] = field(default_factory=set)
    behind: set[str] = field(default_factory=set)
    first_start: int | None = None

    async def process(
        self, dues: Iterable[Due], carried_over: Starting, open_before: Container[str], tally: Tally
    ) -> None:
        """Start what is due or was carried over, and write down what is dropped.

        Args:
            open_before: ids of occurrences that earlier wakes left pending. They had been judged
                when they were due, and are not judged again.
        """
        dues = tuple(dues)
        due_now = {due.record.occurrence(at): (due.record, 1) for due in dues for at in due.start}
        # Later occurrences may have to wait for one that is dropped, and that a dead wake had
        # claimed; where none has to, what is due now comes first.
        apart = [due for due in dues if due.record.overlap is not Overlap.ALLOW]
        taken = await self._drop(apart, open_before, tally)
        await self.start_all({**due_now, **taken, **carried_over}, tally)
        others = (due for due in dues if due.record.overlap is Overlap.ALLOW)
        await self.start_all(await self._drop(others, open_before, tally), tally)

    async def give_up(self, dropped: Iterable[Dropped], attempts: Mapping[str, int]) -> None:
        """Claim what earlier wakes left pending and is dropped after all: another wake that finds
        the claim sees that it waits no more.

        Args:
            attempts: occurrence id to the attempt that is next.
        """
        claims = [
            (occurrence, self.claimant.dropped(_CLAIMED_AS[item.outcome], item.reason))
            for item in dropped
            for occurrence in (Occurrence(item.name, at, item.run) for at in item.times)
        ]
        await at_once(
            self._is_taken(claim_key(occurrence, attempts[occurrence.id]), entry)
            for occurrence, entry in claims
        )

    async def drop(self, dropped: Mapping[Occurrence, Dropped], tally: Tally) -> list[Occurrence]:
        """Claim single occurrences as dropped and write them down; returns those that another wake
        had claimed."""
        taken = await at_once(
            self._is_taken(
                occurrence.id, self.claimant.dropped(_CLAIMED_AS[item.outcome], item.reason)
            )
            for occurrence, item in dropped.items()
        )
        others = []
        for (occurrence, item), is_taken in zip(dropped.items(), taken, strict=True):
            if is_taken:
                others.append(occurrence)
                continue
            tally.records.append(dropped_line(item, self.claimant.now))
            tally.settled.append(occurrence.id)
        return others

    async def start_all(self, starting: Starting, tally: Tally) -> None:
        """Start occurrences, those of one schedule in the order of time where that matters."""
        lanes: dict[object, list[Occurrence]] = {}
        for occurrence, (record, _attempt) in starting.items():
            together = record.overlap is Overlap.ALLOW
            lanes.setdefault(occurrence if together else record.name, []).append(occurrence)
        for done in await at_once(self._one_by_one(lane, starting) for lane in lanes.values()):
            for occurrence, outcome in done:
                tally.add(occurrence, outcome)
                if outcome.behind:
                    self.behind.add(outcome.behind)
        tally.first_start = self.first_start

    async def _one_by_one(
        self, lane: list[Occurrence], starting: Starting
    ) -> list[tuple[Occurrence, StartResult]]:
        """Start occurrences in the order of time, and then the runs that a person has asked for;
        behind one in doubt, the others wait."""
        done: list[tuple[Occurrence, StartResult]] = []
        for occurrence in sorted(lane, key=lambda one: (one.is_rerun, one.at, one.run)):
            record, attempt = starting[occurrence]
            if record.name in self.in_doubt:
                done.append((occurrence, StartResult(next_attempt=attempt)))
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
            has_started = outcome.record is not None and outcome.record.state is RunState.STARTED
            if has_started and self.first_start is None:
                since = self.clock.now() - self.claimant.now
                self.first_start = round(since.total_seconds() * 1000)
            if record.overlap is not Overlap.ALLOW and not occurrence.is_rerun:
                self._hold(record.name, outcome)
        return done

    def _hold(self, name: str, outcome: StartResult) -> None:
        if outcome.queued:
            self.queued.add(name)
        elif outcome.next_attempt is not None:
            self.in_doubt.add(name)

    async def _drop(
        self, dues: Iterable[Due], open_before: Container[str], tally: Tally
    ) -> Starting:
        """Write down what is dropped, but return what another wake had claimed: that goes on."""
        items = []
        for due in dues:
            for item in due.dropped:
                times = [at for at in item.times if due.record.occurrence(at).id not in open_before]
                items.append((due.record, item._replace(times=tuple(times))))
        taken = await self._claim_dropped(items, tally)
        for record, item in items:
            tally.records.extend(
                dropped_line(item._replace(name=name, times=times), self.claimant.now)
                for name, times in _by_name(record, item.times, taken).items()
            )
        return {occurrence: (record, 1) for occurrence, record in taken.items()}

    async def _claim_dropped(
        self, items: Iterable[tuple[ScheduleRecord, Dropped]], tally: Tally
    ) -> Mapping[Occurrence, ScheduleRecord]:
        """Claim what is dropped, so that it stays so; return what others had claimed.

        All at once: one schedule after the other would take longer than a wake lives, when
        thousands have missed something.
        """
        claims = [
            (record.occurrence(at), record, item)
            for record, item in items
            for at in item.times[-DROPPED_CLAIMED:]
        ]
        taken = await at_once(
            self._is_taken(
                occurrence.id,
                self.claimant.dropped(_CLAIMED_AS[item.outcome], item.reason),
                tally.damaged if item.outcome is DropOutcome.SKIPPED else None,
            )
            for occurrence, _record, item in claims
        )
        return {
            occurrence: record
            for (occurrence, record, _item), others in zip(claims, taken, strict=True)
            if others
        }

    async def _is_taken(self, key: str, entry: Entry, damaged: list[Damaged] | None = None) -> bool:
        """Claim an occurrence as dropped; whether another wake had claimed it.

        Without an answer it counts as ours: should a simultaneous wake start it after all, then
        its line outweighs ours in the history.

        Args:
            damaged: of what is suspended or excluded, where a claim is added that cannot be read:
                it counts as ours too. Only what may start is in doubt by such a claim.
        """
        try:
            if await self.claims.put_new(key, entry):
                return False
            if damaged is None:
                return True
            found = await self.claims.get(key)
            if found is None or (damage := read_claim(found, key).damage) is None:
                return True
            damaged.append(damage)
            await self.claims.put(key, entry)
        except UnavailableError:
            pass
        return False


_CLAIMED_AS: Final = {
    DropOutcome.MISSED: ClaimState.MISSED,
    DropOutcome.SKIPPED: ClaimState.SKIPPED,
}


def _by_name(
    record: ScheduleRecord, times: Iterable[int], but: Container[Occurrence]
) -> dict[str, tuple[int, ...]]:
    """The times that are left, by the name that the schedule had then."""
    found: dict[str, tuple[int, ...]] = {}
    for at in times:
        occurrence = record.occurrence(at)
        if occurrence not in but:
            found[occurrence.name] = (*found.get(occurrence.name, ()), at)
    return found


def dropped_line(dropped: Dropped, seen: datetime) -> RunRecord:
    """The line about what is dropped."""
    return RunRecord(
        name=dropped.name,
        times=dropped.times,
        run=dropped.run,
        count=len(dropped.times),
        state=RunState.MISSED if dropped.outcome is DropOutcome.MISSED else RunState.SKIPPED,
        at=format_time(seen),
        reason=dropped.reason,
    )
