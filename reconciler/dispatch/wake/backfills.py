"""The turns of a wake at the backfills that are not over.

A wake takes its turn by a claim, and only then reads how the backfill stands: the state before all,
so that a backfill that was cancelled before starts nothing, and the cursor after the progress, so
that it sees every run that an earlier turn has started. ``docs/internals/backfill.md`` has the
invariants.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from reconciler.cron import minute
from reconciler.dispatch.answers import UnavailableError
from reconciler.dispatch.decide.backfill import End, StartRuns, Wait, next_step
from reconciler.dispatch.ports import BackfillFiles, Claims
from reconciler.model.backfill import (
    Backfill,
    BackfillEnd,
    Progress,
    active_digests,
    ended_path,
    plan_path,
    progress_key,
    progress_of,
    state_key,
    state_of,
    turn_key,
)
from reconciler.model.claim import Claimant, read_claim
from reconciler.model.cursor import CURSOR_KEY, Cursor, cursor_of
from reconciler.model.formats import Damaged, FormatError
from reconciler.model.generation import Generation
from reconciler.model.occurrence import Occurrence
from reconciler.model.runs_file import format_time
from reconciler.model.schedule_record import ScheduleRecord

DEAD_TURNS: Final = 20
"""Turns of dead wakes that a wake passes over at most."""


@dataclass(slots=True)
class Turns:
    """What a wake starts for the backfills whose turn it has.

    Attributes:
        starting: the runs.
        after: digest to the progress once these runs are in the cursor.
        damaged: plans that cannot be read.
    """

    starting: dict[Occurrence, tuple[ScheduleRecord, int]] = field(default_factory=dict)
    after: dict[str, Progress] = field(default_factory=dict)
    damaged: list[Damaged] = field(default_factory=list)

    async def end(self, claims: Claims) -> None:
        """End the turns, now that the cursor has what was started. Without that, they are taken
        over when their leases are over."""
        for digest, progress in self.after.items():
            with suppress(UnavailableError):
                await claims.put(progress_key(digest), progress.to_json())


async def take_turns(
    files: BackfillFiles, claims: Claims, generation: Generation, claimant: Claimant
) -> Turns:
    """Take a turn at each backfill of which runs are to start, and end those that are over."""
    turns = Turns()
    for digest in active_digests(await files.listed()):
        try:
            backfill = await _read(files, digest)
        except FormatError as error:
            turns.damaged.append(Damaged(error.where or digest, error.what))
            continue
        if backfill is not None:
            # Without an answer, the next wake takes the turn.
            with suppress(UnavailableError):
                await _Table(files, claims, generation, claimant, backfill, turns).play()
    return turns


async def _read(files: BackfillFiles, digest: str) -> Backfill | None:
    path = plan_path(digest)
    content = await files.read(path)
    if content is None:
        return None
    backfill = Backfill.decode(content, path)
    if backfill.digest != digest:
        raise FormatError("has another plan's name", where=path)
    return backfill


@dataclass(frozen=True, slots=True)
class _Table:
    files: BackfillFiles
    claims: Claims
    generation: Generation
    claimant: Claimant
    backfill: Backfill
    turns: Turns

    async def play(self) -> None:
        step, progress = await self.step()
        if isinstance(step, StartRuns) and progress is not None:
            number = await self.turn(progress.turn + 1)
            if number is None:
                return
            step, progress = await self.step()
            if isinstance(step, StartRuns):
                self.start(step, number)
            elif progress is not None:
                self.turns.after[self.backfill.digest] = progress._replace(turn=number)
        if isinstance(step, End):
            await self.end(step)

    async def step(self) -> tuple[End | StartRuns | Wait, Progress | None]:
        digest = self.backfill.digest
        state = state_of(await self.claims.get(state_key(digest)), digest)
        progress = progress_of(await self.claims.get(progress_key(digest)), digest)
        cursor = cursor_of(await self.claims.get(CURSOR_KEY))
        if not isinstance(cursor, Cursor):
            return Wait("the cursor cannot be read"), None
        record = self.record(self.place(progress))
        if record is None and self.generation.may_have(self.backfill.name):
            return Wait("its schedule cannot be read"), progress
        step = next_step(
            self.backfill,
            state,
            progress,
            busy_runs(cursor),
            record,
            minute(self.claimant.now),
            minute(datetime.fromisoformat(self.backfill.at)),
        )
        return step, progress

    def place(self, progress: Progress | None) -> int:
        return 0 if progress is None else min(progress.next, len(self.backfill.runs) - 1)

    def record(self, place: int) -> ScheduleRecord | None:
        """The live schedule of a run: it may have been renamed."""
        return self.generation.owner(self.backfill.runs[place])

    async def turn(self, number: int) -> int | None:
        """Take a turn; its number, or None when another wake has it."""
        for one in range(number, number + DEAD_TURNS):
            key = turn_key(self.backfill.digest, one)
            if await self.claims.put_new(key, self.claimant.claim(1)):
                return one
            entry = await self.claims.get(key)
            if entry is None:
                return None
            claim = read_claim(entry, key)
            if claim.token == self.claimant.token:
                return one
            if not self.claimant.knows_dead(claim):
                return None
        return None

    def start(self, step: StartRuns, number: int) -> None:
        for place in range(step.first, step.until):
            record = self.record(place)
            if record is not None:
                self.turns.starting[self.backfill.runs[place]] = (record, 1)
        self.turns.after[self.backfill.digest] = Progress(step.until, number)

    async def end(self, step: End) -> None:
        end = BackfillEnd(step.cancelled, format_time(self.claimant.now), step.reason)
        await self.files.write(ended_path(self.backfill.digest), end.encode())


def busy_runs(cursor: Cursor) -> frozenset[Occurrence]:
    """The further runs that are open, or that a later wake is to start."""
    keys: Iterable[str] = (*cursor.calls.values(), *cursor.pending)
    return frozenset(one for one in map(Occurrence.parse, keys) if one.is_rerun)
