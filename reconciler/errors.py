"""The hierarchy of the errors that users see.

Each error says what failed, where, and what to do. Any other exception that reaches the command
line is a defect of this program, and is reported as one.
"""

from __future__ import annotations

import signal
from collections.abc import Iterable
from typing import Any, Self

from reconciler.foreign_text import on_one_line


def command_line(command: str, environment: str | None) -> str:
    """A command line for people to copy, such as ``reconcile unlock 3 --env production``.

    Args:
        environment: None for the default.
    """
    named = "" if environment is None else f" --env {environment}"
    return f"reconcile {command}{named}"


class ReconcileError(Exception):
    """An expected failure that a person can act on. Exit code 1.

    Args:
        what: one sentence: what failed and why.
        where: the file, position, app, Volume or call concerned.
        remedy: what the reader can do next.
        command: the command that does it, such as ``unlock 3``; the message shows it after the
            remedy.
    """

    exit_code = 1

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        remedy: str | None = None,
        command: str | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.remedy = remedy
        self.command = command

    def __reduce__(self) -> tuple[Any, ...]:
        # An error raised in a container is unpickled by its caller. Pickle would call the
        # constructor with ``args``, but most subclasses take other arguments.
        return _restored, (type(self), self.args, self.__dict__)

    def __str__(self) -> str:
        return self.message_for(None)

    def message_for(self, environment: str | None) -> str:
        """The whole message. Its command names the environment; None for the default."""
        message = f"{on_one_line(self.where)}: {self.what}" if self.where else self.what
        if self.remedy is None:
            return message
        command = "" if self.command is None else f": {command_line(self.command, environment)}"
        return f"{message}\n  {self.remedy}{command}"


def _restored(
    kind: type[ReconcileError], args: tuple[Any, ...], state: dict[str, Any]
) -> ReconcileError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error


class UnknownEnvironmentError(ReconcileError):
    """There is no such Modal environment.

    Args:
        name: the name that does not exist.
        known: the names of the workspace's environments.
    """

    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__(
            f"there is no Modal environment `{name}`",
            remedy=f"This workspace has: {', '.join(sorted(known))}. Create it with "
            f"`modal environment create {name}`, or name another.",
        )


def one_line(error: BaseException) -> str:
    """An error on one line: its lines joined, each closed by a full stop."""
    lines = [" ".join(line.split()) for line in str(error).splitlines() if line.strip()]
    *first, last = lines or [""]
    return " ".join([*(line if line[-1] in ".!?:" else f"{line}." for line in first), last])


class RefusedError(ReconcileError):
    """A safety rule refuses the request. Exit code 3; the remedy names what would allow it."""

    exit_code = 3


class StoppedError(ReconcileError):
    """A signal stopped the command. Exit code 128 + the signal's number, as in shells.

    Args:
        consequence: what continues nevertheless, or how far the command came.
        where, remedy, command: as for every error; the remedy says how to complete the work.
    """

    exit_code = 128 + signal.SIGINT

    def __init__(self, consequence: str, **details: str | None) -> None:
        super().__init__(f"interrupted; {consequence}", **details)
        self.consequence = consequence

    def by(self, number: int) -> Self:
        """This error, with the signal of this number as its cause."""
        if number != signal.SIGINT:
            self.what = f"stopped by {signal.Signals(number).name}; {self.consequence}"
        self.exit_code = 128 + number
        return self
