"""The one hierarchy of errors that a user may see.

Each says what failed, where, and what to do about it. Anything else that reaches the command line
is a defect of ours and is reported as such.
"""

from __future__ import annotations

import signal
from collections.abc import Iterable
from typing import Any, Self

from reconciler.foreign_text import on_one_line


def command_line(command: str, environment: str | None) -> str:
    """``reconcile unlock 3 --env production``, for people to copy.

    Args:
        environment: None where the default is meant.
    """
    named = "" if environment is None else f" --env {environment}"
    return f"reconcile {command}{named}"


class ReconcileError(Exception):
    """Something failed in a way that a person can act on. Exit code 1.

    Args:
        what: one sentence, what failed and why.
        where: the file, position, app, volume or call that it is about.
        remedy: what the reader can do next.
        command: which of our commands does that, such as ``unlock 3``; it follows the remedy.
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
        # An error raised in a container is unpickled by whoever called it. Pickle would call the
        # constructor with ``args``, which takes other arguments in most of the derived classes.
        return _restored, (type(self), self.args, self.__dict__)

    def __str__(self) -> str:
        return self.told(None)

    def told(self, environment: str | None) -> str:
        """The whole message, for who named that environment; the command is to act on it too."""
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
        name: as it was given.
        there: those that there are.
    """

    def __init__(self, name: str, there: Iterable[str]) -> None:
        super().__init__(
            f"there is no Modal environment `{name}`",
            remedy=f"This workspace has: {', '.join(sorted(there))}. Create it with "
            f"`modal environment create {name}`, or name another.",
        )


def one_line(error: BaseException) -> str:
    """An error where there is room for one line: its sentences in a row, each with its end."""
    lines = [" ".join(line.split()) for line in str(error).splitlines() if line.strip()]
    *said, last = lines or [""]
    return " ".join([*(line if line[-1] in ".!?:" else f"{line}." for line in said), last])


class RefusedError(ReconcileError):
    """A safety rule forbids what was asked. Exit code 3; the remedy is the exact way past it."""

    exit_code = 3


class StoppedError(ReconcileError):
    """A signal stopped the command. Exit code 128 + the signal's number, as shells have it.

    Args:
        consequence: what goes on all the same, or how far the command came.
        where, remedy, command: as for every error; how what was begun is completed.
    """

    exit_code = 128 + signal.SIGINT

    def __init__(self, consequence: str, **told: str | None) -> None:
        super().__init__(f"interrupted; {consequence}", **told)
        self.consequence = consequence

    def by(self, number: int) -> Self:
        """This error, as the signal with this number causes it."""
        if number != signal.SIGINT:
            self.what = f"stopped by {signal.Signals(number).name}; {self.consequence}"
        self.exit_code = 128 + number
        return self
