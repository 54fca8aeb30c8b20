"""Start one occurrence: claim it, spawn it, confirm it with the call id.

A crash between claim and spawn leaves a claim that was never confirmed. Nobody can tell whether
the spawn took place, so no policy can both start at least once and at most once: ``delivery`` says
which way to err. Under at-most-once such a claim is left alone and the occurrence is reported as
missed; under at-least-once it is taken over once its lease has run out, as a further attempt, which
is claimed like the first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from reconciler.cron import minute
from reconciler.dispatch.generation import Record
from reconciler.dispatch.occurrence import Occurrence, format_minute
from reconciler.dispatch.ports import (
    Caller,
    Claims,
    Entry,
    StartUnknownError,
    TargetMissingError,
    UnavailableError,
)
from reconciler.dispatch.runs import RunRecord, RunState, format_time
from reconciler.policies import Delivery

WAKE_TIMEOUT: Final = timedelta(minutes=5)
"""How long a wake may run before Modal ends it."""
CLAIM_LEASE: Final = WAKE_TIMEOUT + timedelta(seconds=30)
"""After this, the wake that made a claim is no longer alive to confirm it."""
ATTEMPT_LIMIT: Final = 20
"""Attempts to start one occurrence before it is given up as missed."""
CLAIM_LIFE: Final = timedelta(days=6)
"""A claim older than this may have died of idleness (after seven days), so that its absence proves
nothing: an at-most-once occurrence is then no longer started."""


class ClaimState(StrEnum):
    """The state of an attempt, in its claim."""

    CLAIMED = "claimed"
    STARTED = "started"
    FAILED = "failed"
    """The attempt ended without a start; the next may begin at once."""
    MISSED = "missed"
    """Given up."""


@dataclass(frozen=True, slots=True)
class Claimant:
    """Who claims: one execution of one wake.

    Attributes:
        token: unique to this execution, to recognise our own claim after a lost answer.
        wake: the wake's call id; Modal restarts a crashed container on the same call, and then a
            claim of ours under another token is of an execution that is certainly dead.
        now: the time of the wake.
    """

    token: str
    wake: str
    now: datetime

    def claim(self, attempt: int) -> dict[str, str]:
        """The entry of a new claim."""
        return {
            "state": ClaimState.CLAIMED.value,
            "token": self.token,
            "wake": self.wake,
            "attempt": str(attempt),
            "until": format_time(self.now + CLAIM_LEASE),
        }

    def missed(self, reason: str) -> dict[str, str]:
        """The entry by which an occurrence is given up that nobody had claimed."""
        return {**self.claim(1), "state": ClaimState.MISSED.value, "error": reason}

    def knows_dead(self, entry: Entry) -> bool:
        """Whether the execution that made this claim can no longer confirm it."""
        if entry["wake"] == self.wake and entry["token"] != self.token:
            return True
        return str(entry["until"]) < format_time(self.now)


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of an occurrence in this wake.

    Attributes:
        record: the line to write down; None when there is nothing to say yet.
        next_attempt: the attempt that a later wake has to look at; None when all is settled.
    """

    record: RunRecord | None = None
    next_attempt: int | None = None


def claim_key(occurrence: Occurrence, attempt: int) -> str:
    """The key under which an attempt is claimed; the first bears the occurrence's id."""
    return occurrence.id if attempt == 1 else f"{occurrence.id}#{attempt}"


async def start(
    record: Record,
    occurrence: Occurrence,
    claimant: Claimant,
    claims: Claims,
    caller: Caller,
    *,
    attempt: int = 1,
) -> Settled:
    """Bring one occurrence as far as it can be brought now; never raises for this one alone.

    Args:
        attempt: the first attempt that is not known to have failed.
    """
    starter = _Starter(record, occurrence, claimant, claims, caller)
    try:
        return await starter.run(attempt)
    except UnavailableError as error:
        return Settled(starter.note(RunState.START_FAILED, attempt, str(error)), attempt)


@dataclass(frozen=True, slots=True)
class _Starter:
    record: Record
    occurrence: Occurrence
    claimant: Claimant
    claims: Claims
    caller: Caller

    async def run(self, attempt: int) -> Settled:
        error = "its attempts failed"
        while attempt <= ATTEMPT_LIMIT:
            reason = self.forbidden(attempt)
            if reason is not None:
                return Settled(self.note(RunState.MISSED, attempt, reason))
            key = claim_key(self.occurrence, attempt)
            claim = self.claimant.claim(attempt)
            if await self.claims.put_new(key, claim):
                return await self.spawn(key, claim, attempt)
            found = await self.claims.get(key)
            if found is None:
                return Settled(next_attempt=attempt)
            state = ClaimState(found["state"])
            if found["token"] == self.claimant.token and state is ClaimState.CLAIMED:
                return await self.spawn(key, claim, attempt)
            match state:
                # Whoever settled it may have died before its runs file: written down twice is
                # harmless, not at all is not.
                case ClaimState.STARTED:
                    return Settled(self.note(RunState.STARTED, attempt, call=str(found["call"])))
                case ClaimState.MISSED:
                    return Settled(self.note(RunState.MISSED, attempt, str(found["error"])))
                case ClaimState.FAILED:
                    error = str(found["error"])
                case ClaimState.CLAIMED:
                    if not self.claimant.knows_dead(found):
                        return Settled(next_attempt=attempt)
                    if self.record.delivery is Delivery.AT_MOST_ONCE:
                        return await self.give_up(key, found, attempt, _unconfirmed(found))
            attempt += 1
        return Settled(self.note(RunState.MISSED, ATTEMPT_LIMIT, f"given up: {error}"))

    def forbidden(self, attempt: int) -> str | None:
        """Why the occurrence may no longer be started, which time alone decides."""
        late = timedelta(minutes=minute(self.claimant.now) - self.occurrence.at)
        deadline = self.record.deadline
        if attempt > 1 and deadline is not None and late.total_seconds() > deadline:
            return f"attempt {attempt} would be past its deadline of {deadline} s"
        if self.record.delivery is Delivery.AT_MOST_ONCE and late > CLAIM_LIFE:
            return "too old to know that it did not start; delivery is at-most-once"
        return None

    async def spawn(self, key: str, claim: dict[str, str], attempt: int) -> Settled:
        try:
            call = await self.caller.start(
                self.record.app, self.record.function, fill(self.record.args, self.occurrence)
            )
        except TargetMissingError as error:
            return await self.fail(key, claim, attempt, str(error))
        except StartUnknownError as error:
            if self.record.delivery is Delivery.AT_MOST_ONCE:
                reason = f"may or may not have started: {error}; delivery is at-most-once"
                return await self.give_up(key, claim, attempt, reason)
            return await self.fail(key, claim, attempt, str(error))
        started = Settled(self.note(RunState.STARTED, attempt, call=call))
        try:
            confirmed = {**claim, "state": ClaimState.STARTED.value, "call": call}
            await self.claims.put(key, confirmed)
        except UnavailableError:
            # It has started, and the runs file will say so: no wake looks at it again.
            return started
        return started

    async def fail(self, key: str, claim: dict[str, str], attempt: int, error: str) -> Settled:
        await self.claims.put(key, {**claim, "state": ClaimState.FAILED.value, "error": error})
        if attempt == ATTEMPT_LIMIT:
            return Settled(self.note(RunState.MISSED, attempt, f"given up: {error}"))
        return Settled(self.note(RunState.START_FAILED, attempt, error), attempt + 1)

    async def give_up(self, key: str, found: Entry, attempt: int, reason: str) -> Settled:
        await self.claims.put(key, {**found, "state": ClaimState.MISSED.value, "error": reason})
        return Settled(self.note(RunState.MISSED, attempt, reason))

    def note(
        self, state: RunState, attempt: int, reason: str | None = None, call: str | None = None
    ) -> RunRecord:
        return RunRecord(
            name=self.occurrence.name,
            times=(self.occurrence.at,),
            state=state,
            at=format_time(self.claimant.now),
            attempt=attempt,
            call=call,
            reason=reason,
        )


def fill(args: Mapping[str, Any], occurrence: Occurrence) -> dict[str, Any]:
    """The arguments with ``${occurrence.id}`` and ``${occurrence.time}`` filled in, at any depth.

    ``$${`` stands for a literal ``${``.
    """
    values = {"id": occurrence.id, "time": format_minute(occurrence.at)}
    return {key: _fill(value, values) for key, value in args.items()}


def _fill(value: Any, values: Mapping[str, str]) -> Any:
    match value:
        case str():
            parts = value.split("$${")
            for name, filled in values.items():
                parts = [part.replace(f"${{occurrence.{name}}}", filled) for part in parts]
            return "${".join(parts)
        case list():
            return [_fill(item, values) for item in value]
        case dict():
            return {key: _fill(item, values) for key, item in value.items()}
        case _:
            return value


def _unconfirmed(found: Entry) -> str:
    return (
        f"wake {found['wake']} claimed it and ended before it confirmed a start; "
        "delivery is at-most-once"
    )
