"""Which files of a folder are manifests, and their bytes.

Symbolic links are refused, inside the folder and out of it: git keeps only where a link points, so
what a plan from a git revision reads would differ from what the working tree shows.
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
"""Folders of a path that is too long to be shown."""
SUFFIXES = (".yaml", ".yml")


def is_manifest(name: str) -> bool:
    """Whether a file is read as manifests, by its path below the folder, with forward slashes.

    Names that begin with a dot are left out, and folders of such names with all that they hold.
    """
    parts = name.split("/")
    hidden = any(part.startswith(".") for part in parts)
    return not hidden and parts[-1].lower().endswith(SUFFIXES)


def holds_manifests(folder: Path) -> bool:
    """Whether a folder is there and has a file in it that is read as manifests."""
    left = [(folder, 0)]
    while left:
        inner, depth = left.pop()
        try:
            entries = [entry for entry in os.scandir(inner) if not entry.name.startswith(".")]
            if any(is_manifest(entry.name) for entry in entries):
                return True
            folders = [Path(entry) for entry in entries if entry.is_dir(follow_symlinks=False)]
        except OSError:  # reading it says why
            continue
        left += [(path, depth + 1) for path in folders if depth < MAX_FOLDERS]
    return False


def read_folder(folder: Path, shown: str, depth: int = 0) -> Iterator[tuple[str, bytes] | Problem]:
    """The manifests below a folder by name, sorted, each as its bytes or why it has none.

    Args:
        shown: the folder's path as messages and locations name it.
        depth: in how many folders of the manifests' folder it is.
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
        path = Path(entry.path)
        if is_manifest(entry.name):
            found = read_file(path, name)
            yield found if isinstance(found, Problem) else (name, found)
            continue
        try:
            is_folder, is_link = entry.is_dir(follow_symlinks=False), entry.is_symlink()
            is_link = is_link and path.is_dir()
        except OSError as error:
            yield _unreadable(name, error, "folder")
            continue
        if is_folder:
            yield from read_folder(path, name, depth + 1)
        elif is_link:
            yield _link(name, "folder")


def read_file(path: Path, shown: str) -> bytes | Problem:
    """The bytes of one file, within the bound, or why there are none."""
    try:
        found = path.lstat()
        mode = found.st_mode
        if stat.S_ISLNK(mode):
            return _link(shown)
        if stat.S_ISDIR(mode):
            return Problem("a folder in place of a file", Location(shown), "rename it, or move it")
        if not stat.S_ISREG(mode):  # opening a pipe would wait for ever
            return Problem("not an ordinary file", Location(shown), "put a file here")
        with path.open("rb") as file:  # it may grow, or be of a kind that tells no size
            content = file.read(MAX_FILE_BYTES + 1)
        return too_large(len(content), shown) or content
    except OSError as error:
        return _unreadable(shown, error, "file")


def too_large(size: int, shown: str) -> Problem | None:
    """The refusal of a file of so many bytes, if that is beyond the bound."""
    if size <= MAX_FILE_BYTES:
        return None
    return Problem(
        f"larger than {MAX_FILE_BYTES // 2**20} MiB, the most that one file may have",
        Location(shown),
        "split it, or take it out of this folder if it holds no manifests",
    )


def too_deep(shown: str) -> Problem:
    """The refusal of a folder or file in more folders than the bound."""
    return Problem(
        f"in more than {MAX_FOLDERS} folders inside one another",
        Location("/".join(shown.split("/")[:_SHOWN_FOLDERS]) + "/…"),
        "move the manifests up",
    )


def _link(shown: str, what: str = "file") -> Problem:
    return Problem(
        "a symbolic link is not followed, since git keeps only where it points",
        Location(shown),
        f"put the {what} itself here",
    )


def _unreadable(shown: str, error: OSError, what: str) -> Problem:
    match error:
        case FileNotFoundError():
            remedy = "check the path"
            if what == "folder":
                remedy = "call it in the repository's root, or begin there: reconcile init"
            return Problem(f"there is no such {what}", Location(shown), remedy)
        case PermissionError():
            return Problem(
                f"no permission to read this {what}", Location(shown), "give yourself read access"
            )
        case NotADirectoryError():
            return Problem("a file in place of a folder", Location(shown), "name a folder")
        case _:
            reason = (error.strerror or "unknown reason").lower()
            return Problem(
                f"this {what} cannot be read: {reason}",
                Location(shown),
                "check the path, and the disk that it is on",
            )


def _displayable(name: str) -> str:
    """File names that are not UTF-8, or hold control characters, can be opened but not shown."""
    return printable(os.fsencode(name).decode("utf-8", "backslashreplace"))
