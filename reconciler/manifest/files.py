"""Finds and reads the manifests of a folder.

Symbolic links are refused. Git stores only the target path of a link, so a plan from a git revision
would read other files than a plan from the working tree.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from reconciler.foreign_text import printable
from reconciler.manifest.location import Location
from reconciler.manifest.problem import Problem
from reconciler.manifest.size_limits import MAX_FILE_BYTES, MAX_FOLDERS

_SHOWN_FOLDERS = 4
"""Folders that a message shows of a path that is too long."""
_AT_ONCE = 2**16
"""Bytes of one read."""
SUFFIXES = (".yaml", ".yml", ".py")
PYTHON = ".py"
"""Python files declare schedules by `@reconciler.schedule`; those without one are modules."""


def is_manifest(name: str) -> bool:
    """Whether a file is a manifest file, by its path below the folder, with forward slashes.

    Files and folders whose names begin with a dot are ignored.
    """
    parts = name.split("/")
    hidden = any(part.startswith(".") for part in parts)
    return not hidden and parts[-1].lower().endswith(SUFFIXES)


def holds_manifests(folder: Path) -> bool:
    """Whether a folder exists and contains a manifest file."""
    left = [(folder, 0)]
    while left:
        inner, depth = left.pop()
        try:
            entries = [entry for entry in os.scandir(inner) if not entry.name.startswith(".")]
            if any(is_manifest(entry.name) for entry in entries):
                return True
            folders = [Path(entry) for entry in entries if entry.is_dir(follow_symlinks=False)]
        except OSError:  # reported when the manifests are read
            continue
        left += [(path, depth + 1) for path in folders if depth < MAX_FOLDERS]
    return False


def read_folder(folder: Path, shown: str, depth: int = 0) -> Iterator[tuple[str, bytes] | Problem]:
    """The manifest files below a folder, sorted by name: name and content, or a problem.

    Args:
        shown: the folder's path in messages and locations.
        depth: levels below the manifests' folder.
    """
    if depth > MAX_FOLDERS:
        yield too_deep(shown)
        return
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        yield _unreadable(shown, error, "folder")
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        name = _displayable(entry.name) if shown == "." else f"{shown}/{_displayable(entry.name)}"
        if is_manifest(entry.name):
            found = read_file(entry.path, name)
            yield found if isinstance(found, Problem) else (name, found)
            continue
        try:
            is_folder, is_link = entry.is_dir(follow_symlinks=False), entry.is_symlink()
            is_link = is_link and Path(entry).is_dir()
        except OSError as error:
            yield _unreadable(name, error, "folder")
            continue
        if is_folder:
            yield from read_folder(Path(entry), name, depth + 1)
        elif is_link:
            yield _link(name, "folder")


def read_file(path: str | Path, shown: str) -> bytes | Problem:
    """The content of one file within the size limit, or the problem."""
    try:
        mode = os.lstat(path).st_mode
        if stat.S_ISLNK(mode):
            return _link(shown)
        if stat.S_ISDIR(mode):
            return Problem(
                "expected a file, found a folder", Location(shown), "rename or move the folder"
            )
        if not stat.S_ISREG(mode):  # opening a pipe would block
            return Problem("not a regular file", Location(shown), "replace it with a file")
        content = b""
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - as above
            # Bounded: the file may grow, or report no size. Only the last read is short.
            while len(content) <= MAX_FILE_BYTES:
                content += (more := file.read(_AT_ONCE))
                if len(more) < _AT_ONCE:
                    break
        return too_large(len(content), shown) or content
    except OSError as error:
        return _unreadable(shown, error, "file")


def too_large(size: int, shown: str) -> Problem | None:
    """The problem of a file of this many bytes; None within the limit."""
    if size <= MAX_FILE_BYTES:
        return None
    return Problem(
        f"larger than {MAX_FILE_BYTES // 2**20} MiB, the limit for one file",
        Location(shown),
        "split it, or move it out of this folder if it contains no manifests",
    )


def too_deep(shown: str) -> Problem:
    """The problem of a folder or file that is nested too deeply."""
    return Problem(
        f"nested in more than {MAX_FOLDERS} folders",
        Location("/".join(shown.split("/")[:_SHOWN_FOLDERS]) + "/…"),
        "move the manifests up",
    )


def _link(shown: str, what: str = "file") -> Problem:
    return Problem(
        "a symbolic link is not followed, because git stores only its target path",
        Location(shown),
        f"replace it with the {what} itself",
    )


def _unreadable(shown: str, error: OSError, what: str) -> Problem:
    match error:
        case FileNotFoundError():
            remedy = "check the path"
            if what == "folder":
                remedy = "run it in the repository's root, or create the folder: reconcile init"
            return Problem(f"there is no such {what}", Location(shown), remedy)
        case PermissionError():
            return Problem(
                f"no permission to read this {what}", Location(shown), "give yourself read access"
            )
        case NotADirectoryError():
            return Problem("expected a folder, found a file", Location(shown), "name a folder")
        case _:
            reason = (error.strerror or "unknown reason").lower()
            return Problem(
                f"this {what} cannot be read: {reason}",
                Location(shown),
                "check the path and its disk",
            )


def _displayable(name: str) -> str:
    """A file name with escapes for what is not UTF-8, and without control characters."""
    return printable(os.fsencode(name).decode("utf-8", "backslashreplace"))
