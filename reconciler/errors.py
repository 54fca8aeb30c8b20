"""The one hierarchy of errors that a user may see.

Each says what failed, where, and what to do about it. Anything else that reaches the command line
is a defect of ours and is reported as such.
"""

from __future__ import annotations


class ReconcileError(Exception):
    """Something failed in a way that a person can act on. Exit code 1.

    Args:
        what: one sentence, what failed and why.
        where: the file, position, app, volume or call that it is about.
        remedy: what the reader can do next.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str | None = None, remedy: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.remedy = remedy

    def __str__(self) -> str:
        message = f"{self.where}: {self.what}" if self.where else self.what
        return f"{message}\n  {self.remedy}" if self.remedy else message


class RefusedError(ReconcileError):
    """A safety rule forbids what was asked. Exit code 3; the remedy is the exact way past it."""

    exit_code = 3
