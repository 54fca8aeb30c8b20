"""What the ports of the dispatcher answer, or raise instead."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from reconciler.disk import DiskError
from reconciler.errors import ReconcileError


class UnavailableError(Exception):
    """The other side did not answer, or said that it cannot now; whether it acted is unknown."""


class FailureKind(StrEnum):
    """Why a call to Modal failed."""

    AUTHENTICATION = "authentication"
    PERMISSION = "permission"
    NOT_FOUND = "not-found"
    EXISTS = "exists"
    INVALID = "invalid"
    CONFLICT = "conflict"
    UNIMPLEMENTED = "unimplemented"
    OUTDATED = "outdated"
    """Modal no longer accepts this version of its client."""
    EXHAUSTED = "exhausted"
    TOO_LARGE = "too-large"
    CLIENT = "client"
    """The client refused, or could not make or read a message."""
    LOCAL = "local"
    """An operation of this machine failed, such as reading a file."""
    INTERNAL = "internal"
    NAME = "name"
    """The name of the server could not be resolved."""
    TLS = "tls"
    PROXY = "proxy"
    TIMEOUT = "timeout"
    CONNECTION = "connection"


NO_ANSWER: Final = frozenset(
    {
        FailureKind.NAME,
        FailureKind.TLS,
        FailureKind.PROXY,
        FailureKind.TIMEOUT,
        FailureKind.CONNECTION,
    }
)
"""Kinds that say nothing of what was asked for: Modal did not answer. It may have acted."""

NOT_DONE: Final = frozenset(
    {
        FailureKind.AUTHENTICATION,
        FailureKind.PERMISSION,
        FailureKind.NOT_FOUND,
        FailureKind.INVALID,
        FailureKind.UNIMPLEMENTED,
        FailureKind.OUTDATED,
        FailureKind.EXHAUSTED,
        FailureKind.TOO_LARGE,
    }
)
"""Kinds that Modal answers instead of acting: what was asked for was not done.

A conflict is not among them: a call that was done, and is sent again, may conflict with itself."""


class StorageError(UnavailableError, DiskError):
    """A file of ours cannot be written on the Volume; nothing of it was."""


class ModalError(UnavailableError, ReconcileError):
    """A call to Modal failed; says what was asked for, why it failed and what to do.

    Made by :mod:`reconciler.dispatch.adapters.modal_failures`, which has the table of the kinds.

    Attributes:
        kind: why it failed.
    """

    def __init__(self, kind: FailureKind, what: str, *, remedy: str | None = None) -> None:
        ReconcileError.__init__(self, what, remedy=remedy)
        self.kind = kind

    def __str__(self) -> str:
        """What failed, in one line, for records and logs; ``message_for`` adds what to do."""
        return self.what

    @property
    def answered(self) -> bool:
        """Whether Modal answered; False when the connection failed or took too long."""
        return self.kind not in NO_ANSWER


class UnauthenticatedError(ModalError):
    """Modal refused the credentials, or was given none; nothing was done."""


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
        tries: a line per try of a run that was supervised.
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
