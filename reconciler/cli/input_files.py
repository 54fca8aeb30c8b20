"""Reads the text files that the command line names, and standard input."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from reconciler.errors import ReconcileError

MAX_BYTES: Final = 64 * 2**20
"""Of one file; a plan of 10,000 schedules has about a third of it."""


def read_text(path: Path) -> str:
    """The text of a file.

    Raises:
        ReconcileError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return _decoded(file.read(MAX_BYTES + 1), str(path))
    except (OSError, ValueError) as error:  # ValueError: the path contains a null character
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ReconcileError(
            f"cannot be read: {(reason or 'unknown reason').lower()}",
            where=str(path),
            remedy="Check the path.",
        ) from error


def read_standard_input() -> str:
    """The text of standard input.

    Raises:
        ReconcileError: it is too large, or not UTF-8.
    """
    return _decoded(sys.stdin.buffer.read(MAX_BYTES + 1), "standard input")


def _decoded(content: bytes, where: str) -> str:
    if len(content) > MAX_BYTES:
        raise ReconcileError(
            f"larger than {MAX_BYTES // 2**20} MiB", where=where, remedy="Check the path."
        )
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise ReconcileError("is not UTF-8", where=where, remedy="Save it as UTF-8.") from error
