"""The committed state of Volumes: for each a list of files, whose contents are blobs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from reconciler.engine.rpc_errors import not_found
from reconciler.engine.storage.database import Database


@dataclass(frozen=True)
class File:
    """``path`` is relative to the Volume's root, with ``/`` between its parts."""

    path: str
    sha256: str
    size: int
    mode: int
    mtime: float


@dataclass(frozen=True)
class VolumeChange:
    """The changes of one commit, which are published in one transaction."""

    written: tuple[File, ...] = ()
    removed: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    removed_folders: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.written or self.removed or self.folders or self.removed_folders)


def normal(path: str) -> str:
    """``/a//b/../c/`` is ``a/c``; the root is empty. Never leaves the Volume."""
    parts: list[str] = []
    for part in PurePosixPath("/", path).parts[1:]:
        if part == "..":
            del parts[-1:]
        else:
            parts.append(part)
    return "/".join(parts)


def parents(path: str) -> Iterator[str]:
    """The folders that a path lies in, without the root, nearest first."""
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


class Volumes:
    """Committed files of all Volumes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def require(self, volume: str) -> None:
        """Raises NotFound for a Volume that was deleted; one of the same name is another."""
        if self._database.row("SELECT 1 FROM objects WHERE id = ?", volume) is None:
            raise not_found(f"Volume with ID {volume} not found")

    def files(self, volume: str, under: str = "") -> list[File]:
        """The files at or below a path, sorted."""
        rows = self._database.rows(
            "SELECT path, sha256, size, mode, mtime FROM volume_files"
            " WHERE volume = ? AND (? = '' OR path = ? OR (path > ? || '/' AND path < ? || '0'))"
            " ORDER BY path",
            volume,
            under,
            under,
            under,
            under,
        )
        return [File(*row) for row in rows]

    def file(self, volume: str, path: str) -> File | None:
        row = self._database.row(
            "SELECT path, sha256, size, mode, mtime FROM volume_files"
            " WHERE volume = ? AND path = ?",
            volume,
            path,
        )
        return File(*row) if row else None

    def folders(self, volume: str, under: str = "") -> list[str]:
        """The folders below a path, also those that exist only by what is in them."""
        made = self._database.rows("SELECT path FROM volume_folders WHERE volume = ?", volume)
        names = {str(path) for (path,) in made}
        names.update(parent for name in list(names) for parent in parents(name))
        names.update(parent for file in self.files(volume) for parent in parents(file.path))
        return sorted(name for name in names if not under or name.startswith(f"{under}/"))

    def is_folder(self, volume: str, path: str) -> bool:
        return not path or path in self.folders(volume)

    def apply(self, volume: str, change: VolumeChange) -> None:
        """Publish a change. Of two that touch the same file, the later one wins."""
        with self._database.transaction():
            for path in change.removed:
                self._database.run(
                    "DELETE FROM volume_files WHERE volume = ? AND path = ?", volume, path
                )
            for path in change.removed_folders:
                self._database.run(
                    "DELETE FROM volume_folders WHERE volume = ? AND path = ?", volume, path
                )
            for file in change.written:
                self._make_way(volume, file.path)
                self._database.run(
                    "INSERT OR REPLACE INTO volume_files VALUES (?, ?, ?, ?, ?, ?)",
                    volume,
                    file.path,
                    file.sha256,
                    file.size,
                    file.mode,
                    file.mtime,
                )
            self._make(volume, change.folders)

    def _make_way(self, volume: str, path: str) -> None:
        """Remove files and folders that conflict with a new path: the later commit wins."""
        self._database.run(
            "DELETE FROM volume_files WHERE volume = ? AND path > ? || '/' AND path < ? || '0'",
            volume,
            path,
            path,
        )
        self._database.run(
            "DELETE FROM volume_folders WHERE volume = ?"
            " AND (path = ? OR (path > ? || '/' AND path < ? || '0'))",
            volume,
            path,
            path,
            path,
        )
        for parent in parents(path):
            self._database.run(
                "DELETE FROM volume_files WHERE volume = ? AND path = ?", volume, parent
            )

    def _make(self, volume: str, folders: Iterable[str]) -> None:
        for path in folders:
            self._database.run("INSERT OR IGNORE INTO volume_folders VALUES (?, ?)", volume, path)
