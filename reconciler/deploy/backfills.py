"""Start, pause, resume and cancel backfills: what a person decides of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from reconciler.deploy.ports import Files
from reconciler.dispatch.ports import Caller, Claims, Clock
from reconciler.model.backfill import (
    Backfill,
    BackfillEnd,
    BackfillState,
    Progress,
    ended_path,
    progress_key,
    progress_of,
    state_entry,
    state_key,
    turn_key,
)
from reconciler.model.claim import CLAIM_LEASE, Claimant, ClaimState, claim_key, read_claim
from reconciler.model.cursor import CURSOR_KEY, Cursor, cursor_of
from reconciler.model.occurrence import Occurrence
from reconciler.model.runs_file import format_time

LOOK_AGAIN: Final = 1.0
"""Seconds between two looks at whether a wake has ended its turn."""
ATTEMPTS_SEEN: Final = 20
CANCELLED: Final = "its backfill was cancelled"


@dataclass(frozen=True, slots=True)
class BackfillDesk:
    """Where a person decides about backfills.

    Attributes:
        by: who it is.
        token: unique to this command.
    """

    files: Files
    claims: Claims
    caller: Caller
    clock: Clock
    by: str
    token: str

    async def start(self, backfill: Backfill) -> Backfill:
        """Store a plan and let it run; one that was approved before goes on as it is.

        Killed in between, the same command completes it.
        """
        content = await self.files.read(backfill.path)
        if content is None:
            backfill = replace(backfill, by=self.by, at=format_time(self.clock.now()))
            await self.files.write(backfill.path, backfill.encode())
        else:
            backfill = Backfill.decode(content, backfill.path)
        await self.claims.put_new(progress_key(backfill.digest), Progress().to_json())
        await self.claims.put_new(state_key(backfill.digest), self._state(BackfillState.RUNNING))
        return backfill

    async def pause(self, digest: str) -> None:
        """Let no further run start; those that were started go on."""
        await self.claims.put(state_key(digest), self._state(BackfillState.PAUSED))

    async def resume(self, backfill: Backfill, seen: Iterable[Occurrence]) -> None:
        """Let it go on.

        Args:
            seen: its runs that the history has; they say where it goes on when its progress is
                lost.
        """
        digest = backfill.digest
        entry = await self.claims.get(progress_key(digest))
        if progress_of(entry, digest) is None:
            known = set(seen)
            last = (place for place, run in enumerate(backfill.runs, 1) if run in known)
            progress = Progress(next=max(last, default=0))
            await self.claims.put(progress_key(digest), progress.to_json())
        await self.claims.put(state_key(digest), self._state(BackfillState.RUNNING))

    async def cancel(self, backfill: Backfill, report: Callable[[str], None]) -> Sequence[str]:
        """Let nothing of it start any more; returns the calls of its runs that are still open.

        Invariant: *once this has returned, no run of the backfill starts*: what a wake had begun
        before it read of this has ended.

        Args:
            report: is given one line when a wake is waited for.
        """
        digest = backfill.digest
        await self.claims.put(state_key(digest), self._state(BackfillState.CANCELLED))
        await self._turn_ended(digest, report)
        calls = await self._open_calls(backfill)
        end = BackfillEnd(True, format_time(self.clock.now()), f"cancelled by {self.by}")
        await self.files.write(ended_path(digest), end.encode())
        return calls

    async def kill(self, calls: Iterable[str]) -> int:
        """End these calls; returns how many were asked to end.

        Raises:
            UnavailableError: one of them may or may not have been cancelled.
        """
        ended = 0
        for call in calls:
            await self.caller.cancel(call)
            ended += 1
        return ended

    def _state(self, state: BackfillState) -> dict[str, object]:
        return state_entry(state, self.by, format_time(self.clock.now()))

    async def _turn_ended(self, digest: str, report: Callable[[str], None]) -> None:
        """Wait until the wakes that may have read the state before have ended their turns."""
        is_announced = False
        number = await self._last_turn(digest) + 1
        while (entry := await self.claims.get(key := turn_key(digest, number))) is not None:
            claim = read_claim(entry, key)
            if await self._last_turn(digest) >= number:
                number += 1
            elif claim.until < format_time(self.clock.now()):
                number += 1  # it has died
            else:
                if not is_announced:
                    report(
                        "A wake is starting runs of it; its turn ends within "
                        f"{CLAIM_LEASE.total_seconds() / 60:g} minutes …"
                    )
                    is_announced = True
                await asyncio.sleep(LOOK_AGAIN)

    async def _last_turn(self, digest: str) -> int:
        progress = progress_of(await self.claims.get(progress_key(digest)), digest)
        return 0 if progress is None else progress.turn

    async def _open_calls(self, backfill: Backfill) -> list[str]:
        """The calls of its runs; what is pending is claimed as skipped, so that it never starts."""
        cursor = cursor_of(await self.claims.get(CURSOR_KEY))
        if not isinstance(cursor, Cursor):
            return []
        own = frozenset(run.id for run in backfill.runs)
        calls = [call for call, key in cursor.calls.items() if key in own]
        for key, attempt in cursor.pending.items():
            if key in own:
                call = await self._call_or_skip(Occurrence.parse(key), attempt)
                calls += [] if call is None else [call]
        return calls

    async def _call_or_skip(self, run: Occurrence, attempt: int) -> str | None:
        while attempt <= ATTEMPTS_SEEN:
            now = self.clock.now()
            claimant = Claimant(self.token, self.token, now)
            key = claim_key(run, attempt)
            if await self.claims.put_new(key, claimant.dropped(ClaimState.SKIPPED, CANCELLED)):
                return None
            entry = await self.claims.get(key)
            if entry is None:
                continue
            claim = read_claim(entry, key)
            match claim.state:
                case ClaimState.STARTED:
                    return claim.call
                case ClaimState.MISSED | ClaimState.SKIPPED:
                    return None
                case ClaimState.CLAIMED if not claimant.knows_dead(claim):
                    await asyncio.sleep(LOOK_AGAIN)
                case _:
                    attempt += 1
        return None
