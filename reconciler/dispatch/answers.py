"""What the outside of the dispatcher answers, or raises instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from reconciler.errors import ReconcileError

Entry = Mapping[str, Any]
"""A value of the Dict: plain strings, numbers, lists and mappings of them."""


class UnavailableError(Exception):
    """The other side did not answer, or said that it cannot now; whether it acted is unknown."""


class UnauthenticatedError(UnavailableError, ReconcileError):
    """Modal refused the credentials, or was given none; nothing was done."""

    def __init__(self, what: str) -> None:
        ReconcileError.__init__(
            self,
            f"Modal does not know us: {what}",
            remedy="Set MODAL_TOKEN_ID and MODAL_TOKEN_SECRET, or call `modal token new`; "
            "--env local, the embedded Modal, needs neither.",
        )


class CallState(StrEnum):
    """How a call stands."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed-out"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    """It ended so long ago that Modal has forgotten how."""


@dataclass(frozen=True, slots=True)
class CallStatus:
    """How a call stands.

    Attributes:
        result: what it returned, as short JSON text, once it succeeded.
        reason: its error in one line, once it failed.
        call: its id, where that is not known from the question.
        tries: a line per try of a run that was watched over.
    """

    state: CallState
    result: str | None = None
    reason: str | None = None
    call: str | None = None
    tries: tuple[str, ...] = ()

    @property
    def ended(self) -> bool:
        """Whether the call has come to its end, whichever."""
        return self.state is not CallState.RUNNING


class NotStartedError(Exception):
    """It failed on the way to starting the call; nothing was started."""


class TargetMissingError(NotStartedError):
    """The function to call does not exist; nothing was started."""


class StartUnknownError(Exception):
    """The call may or may not have been started."""


class UnsentError(Exception):
    """A receiver did not take a message. Says why, and nothing of the address but its host.

    Attributes:
        answered: whether it was reached and said no: another address at its host may be right.
    """

    def __init__(self, why: str, *, answered: bool = False) -> None:
        super().__init__(why)
        self.answered = answered
