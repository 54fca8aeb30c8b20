"""Text files that somebody names on the command line, and whether a folder holds manifests."""

from __future__ import annotations

from pathlib import Path

from reconciler.errors import ReconcileError
from reconciler.manifest import is_manifest


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


def holds_manifests(folder: Path) -> bool:
    """Whether a folder is there and has a file in it that is read as manifests."""
    files = (path.relative_to(folder).as_posix() for path in folder.rglob("*"))
    return any(map(is_manifest, files))
