"""Text files that somebody names on the command line."""

from __future__ import annotations

from pathlib import Path

from reconciler.errors import ReconcileError


def read_text(path: Path) -> str:
    """The text of a file.

    Raises:
        ReconcileError: it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ReconcileError("is not UTF-8", where=str(path), remedy="Save it as UTF-8.") from error
    except OSError as error:
        raise ReconcileError(
            f"cannot be read: {(error.strerror or 'unknown reason').lower()}",
            where=str(path),
            remedy="Check the path.",
        ) from error
