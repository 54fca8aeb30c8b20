"""Claims: the entry by which one execution of one wake owns an attempt at an occurrence."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from reconciler.dispatch.answers import Entry
from reconciler.dispatch.occurrence import Occurrence
from reconciler.dispatch.runs import format_time

WAKE_TIMEOUT: Final = timedelta(minutes=5)
"""How long a wake may run before Modal ends it."""
CLAIM_LEASE: Final = WAKE_TIMEOUT + timedelta(seconds=30)
"""After this, the wake that made a claim is no longer alive to confirm it."""


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


class Claimant(NamedTuple):
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

    def let_go(self, state: ClaimState, reason: str) -> dict[str, str]:
        """The entry by which an occurrence is let go that nobody had claimed."""
        return {**self.claim(1), "state": state.value, "error": reason}

    def knows_dead(self, entry: Entry) -> bool:
        """Whether the execution that made this claim can no longer confirm it."""
        if entry["wake"] == self.wake and entry["token"] != self.token:
            return True
        return str(entry["until"]) < format_time(self.now)


def claim_key(occurrence: Occurrence, attempt: int) -> str:
    """The key under which an attempt is claimed; the first bears the occurrence's id."""
    return occurrence.id if attempt == 1 else f"{occurrence.id}#{attempt}"
