"""The files of the repository beside the manifests: code and calendars, wherever read from."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Final, Protocol

_NEVER: Final = frozenset({".git", ".reconciler"})
"""Folders that are never deployed: git's own, and the state of the embedded engine."""
_NOT_LISTED: Final = _NEVER | {".venv", "node_modules", "__pycache__", ".mypy_cache", ".ruff_cache"}


@dataclass(frozen=True)
class SourceFile:
    """A file as it is deployed.

    Args:
        path: relative to the folder of `reconciler.yaml`, with forward slashes.
    """

    path: str
    content: bytes

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the content."""
        return sha256(self.content).hexdigest()


class CodeFiles(Protocol):
    """Files by their paths, relative to the folder of `reconciler.yaml`, with forward slashes.

    Symbolic links, and what is in submodules, are not there.
    """

    @property
    def place(self) -> str:
        """Where they are read, for messages: `the work tree`, `commit 1a2b3c4d5e6f`."""
        ...

    @property
    def year(self) -> int:
        """The year in which they were written: that of the commit, or of today in a work tree."""
        ...

    def read(self, path: str) -> bytes | None:
        """The content of a file; None if there is none."""
        ...

    def paths(self) -> Iterable[str]:
        """The paths of all files."""
        ...


def is_deployable(path: str) -> bool:
    """Whether a file may be deployed: never `.env`, git's files, or the engine's state."""
    *folders, name = path.split("/")
    if name == ".env" or name.startswith(".env."):
        return False
    return name not in _NEVER and _NEVER.isdisjoint(folders)


@dataclass(frozen=True)
class TreeFiles:
    """The files of a work tree, as they are on disk.

    Args:
        root: the folder of `reconciler.yaml`.
        year: see `CodeFiles`.
    """

    root: Path
    year: int

    @property
    def place(self) -> str:
        """See `CodeFiles`."""
        return "the work tree"

    def read(self, path: str) -> bytes | None:
        """See `CodeFiles`."""
        found = self.root / path
        if not found.is_file() or _is_linked(self.root, path):
            return None
        return found.read_bytes()

    def paths(self) -> Iterable[str]:
        """See `CodeFiles`; without the folders that tools fill."""
        return self._paths

    @cached_property
    def _paths(self) -> tuple[str, ...]:
        found: list[str] = []
        for folder, folders, names in os.walk(self.root):
            here = Path(folder)
            folders[:] = [
                name
                for name in folders
                if name not in _NOT_LISTED and not (here / name).is_symlink()
            ]
            found += [
                (here / name).relative_to(self.root).as_posix()
                for name in names
                if not (here / name).is_symlink()
            ]
        return tuple(sorted(found))


def _is_linked(root: Path, path: str) -> bool:
    """Whether a part of the path is a symbolic link."""
    place = root
    for part in path.split("/"):
        place = place / part
        if place.is_symlink():
            return True
    return False
