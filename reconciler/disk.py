"""Writes files atomically, and explains the errors of a full or broken disk.

Standard library only: the dispatcher, the command line and the engine use it.
"""

from __future__ import annotations

import errno
from contextlib import suppress
from pathlib import Path
from typing import Final
from uuid import uuid4

from reconciler.errors import ReconcileError

_PROBLEMS: Final = {
    errno.ENOSPC: "no space is left on the disk",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file would be larger than is allowed",
    errno.EROFS: "the file system is read-only",
    errno.EIO: "the disk failed to read or write",
    errno.EMFILE: "this process has too many files open",
    errno.ENFILE: "the system has too many files open",
}
UNFINISHED: Final = ".unfinished"
"""Suffix of a file that is being written."""


class DiskError(ReconcileError):
    """A file cannot be written. An earlier file of that name is unchanged."""


def disk_problem(error: OSError) -> str | None:
    """What is wrong with the disk or its quota; None if the error has another cause."""
    return _PROBLEMS.get(error.errno or 0)


def disk_error(error: OSError, path: Path | str) -> DiskError:
    """The error for a file that could not be written."""
    problem = disk_problem(error)
    if problem is None:
        what = f"cannot be written: {(error.strerror or 'unknown reason').lower()}"
        return DiskError(what, where=str(path), remedy="Name a file that can be written.")
    return DiskError(
        f"cannot be written: {problem}",
        where=str(path),
        remedy="Free some space or choose another place, then try again. No partial file was left.",
    )


def write_whole(path: Path, content: bytes) -> None:
    """Write a file atomically: it has all of its content, or is unchanged.

    A path that is not a regular file, such as a terminal, is written to directly. A symbolic link
    is followed.

    Raises:
        DiskError: it cannot be written; an earlier file is unchanged.
    """
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(content)
            return
        _replace(path.resolve(), content)
    except OSError as error:
        raise disk_error(error, path) from error


def _replace(path: Path, content: bytes) -> None:
    unfinished = path.with_name(f".{path.name[:100]}.{uuid4().hex[:8]}{UNFINISHED}")
    try:
        with unfinished.open("xb") as file:
            file.write(content)
        with suppress(FileNotFoundError):
            unfinished.chmod(path.stat().st_mode & 0o7777)
        unfinished.replace(path)
    except BaseException:
        with suppress(OSError):
            unfinished.unlink()
        raise
