"""Claims: the entry by which one execution of one wake owns an attempt at an occurrence.

A claim that cannot be read is *in doubt*, like one that was never confirmed: an attempt may have
been started under it. So it reads as a claim of an execution that has ended.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from reconciler.model.formats import Damaged, Entry, FormatError, UnreadableEntry, reading, typed
from reconciler.model.occurrence import Occurrence, time_of
from reconciler.model.runs_file import format_time

WAKE_TIMEOUT: Final = timedelta(minutes=5)
"""How long a wake may run before Modal ends it."""
CLAIM_LEASE: Final = WAKE_TIMEOUT + timedelta(seconds=30)
"""After this, the wake that made a claim is no longer alive to confirm it."""

CLAIM_LIFE: Final = timedelta(days=6)
"""A claim older than this may have died of idleness (after seven days), so that its absence proves
nothing: an at-most-once occurrence is then no longer started."""


def try_key(occurrence: str, number: int, start: int = 1) -> str:
    """The key of the claim of a supervised run's try.

    Args:
        occurrence: its id.
        start: counts the starts of one try, of which only the last may have taken place.
    """
    return f"{occurrence}~{number}" + (f"#{start}" if start > 1 else "")


class ClaimState(StrEnum):
    """The state of an attempt, in its claim."""

    CLAIMED = "claimed"
    STARTED = "started"
    FAILED = "failed"
    """The attempt ended without a start; the next may begin at once."""
    MISSED = "missed"
    """Given up."""
    SKIPPED = "skipped"
    """It does not start, because an earlier run is still going."""


class Claim(NamedTuple):
    """A claim as it was found.

    Attributes:
        until: ISO 8601; after this the execution that made it has ended.
        call: of a claim that is started.
        error: of one that is failed, missed or skipped.
        damage: what is wrong with the entry; None when it can be read.
    """

    state: ClaimState
    token: str = ""
    wake: str = ""
    until: str = ""
    call: str = ""
    error: str = ""
    damage: Damaged | None = None


def read_claim(entry: Entry, key: str) -> Claim:
    """The claim of an entry, whatever is in it."""
    try:
        with reading("a claim", key):
            state = ClaimState(typed(entry, "state", str))
            if state is not ClaimState.CLAIMED:
                # It is decided: the claimant and the end of its lease do not matter any more.
                call = typed(entry, "call", str) if state is ClaimState.STARTED else ""
                return Claim(state, call=call, error=str(entry.get("error", "")))
            return Claim(
                state=state,
                token=typed(entry, "token", str),
                wake=typed(entry, "wake", str),
                until=time_of(entry, "until"),
            )
    except FormatError as error:
        why = entry.why if isinstance(entry, UnreadableEntry) else error.what
        return Claim(ClaimState.CLAIMED, damage=Damaged(f"Dict entry {key}", why))


class Claimant(NamedTuple):
    """What claims: one execution of one wake.

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

    def dropped(self, state: ClaimState, reason: str) -> dict[str, str]:
        """The entry that drops an occurrence which no wake had claimed."""
        return {**self.claim(1), "state": state.value, "error": reason}

    def knows_dead(self, claim: Claim) -> bool:
        """Whether the execution that made this claim can no longer confirm it."""
        if claim.wake == self.wake and claim.token != self.token:
            return True
        return claim.until < format_time(self.now)


def claim_key(occurrence: Occurrence, attempt: int) -> str:
    """The key under which an attempt is claimed; the first bears the occurrence's id."""
    return occurrence.id if attempt == 1 else f"{occurrence.id}#{attempt}"
