"""A Volume inside one container: a copy of its own, committed and reloaded as Modal documents it.

The container sees the state of when it started or last reloaded. A commit publishes the files that
changed since, of two writers of one file the later one wins, and a deletion is a change. Symbolic
links and special files stay in the container.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.engine.storage.blobs import Blobs
from reconciler.engine.volumes import File, VolumeChange, Volumes


@dataclass(frozen=True)
class Seen:
    """A file as it was when the copy and the Volume last agreed."""

    sha256: str
    inode: int
    size: int
    mtime_ns: int
    mode: int

    @staticmethod
    def of(sha256: str, found: os.stat_result) -> Seen:
        return Seen(sha256, found.st_ino, found.st_size, found.st_mtime_ns, found.st_mode)

    def unchanged(self, found: os.stat_result) -> bool:
        return self == Seen.of(self.sha256, found)


@dataclass
class Mounted:
    """``folder`` is what the container sees at ``target``; ``aside`` is on the same file system."""

    volume: str
    target: str
    folder: Path
    aside: Path
    read_only: bool
    volumes: Volumes
    blobs: Blobs
    _seen: dict[str, Seen] = field(default_factory=dict)
    _folders: set[str] = field(default_factory=set)
    _guard: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def commit(self) -> None:
        """Publish what the container changed, all at once."""
        async with self._guard:
            self.volumes.require(self.volume)
            await self._commit()

    async def reload(self) -> None:
        """Publish what the container changed, then show the Volume's state of now."""
        async with self._guard:
            self.volumes.require(self.volume)
            await self._commit()
            files = self.volumes.files(self.volume)
            folders = set(self.volumes.folders(self.volume))
            await asyncio.to_thread(self._show, files, folders)

    async def _commit(self) -> None:
        if self.read_only:
            return
        change, seen = await asyncio.to_thread(self._scan)
        if change:
            self.volumes.apply(self.volume, change)
        for path in change.removed:
            self._seen.pop(path, None)
        self._seen.update(seen)
        self._folders.update(change.folders)
        self._folders.difference_update(change.removed_folders)

    def _scan(self) -> tuple[VolumeChange, dict[str, Seen]]:
        """The differences since the last look. Contents are stored, but nothing is published."""
        written, seen, present, folders = [], {}, set(), set()
        for path, entry in _walk(self.folder):
            if entry.is_dir(follow_symlinks=False):
                folders.add(path)
                continue
            present.add(path)
            found = entry.stat(follow_symlinks=False)
            known = self._seen.get(path)
            if known is not None and known.unchanged(found):
                continue
            sha256, size = self.blobs.put_file(Path(entry.path))
            seen[path] = Seen.of(sha256, found)
            written.append(File(path, sha256, size, found.st_mode & 0o7777, found.st_mtime))
        change = VolumeChange(
            written=tuple(written),
            removed=tuple(sorted(self._seen.keys() - present)),
            folders=tuple(sorted(folders - self._folders)),
            removed_folders=tuple(sorted(self._folders - folders)),
        )
        return change, seen

    def _show(self, files: list[File], folders: set[str]) -> None:
        """Make the copy equal to a committed state. Each file changes at once, by a rename."""
        wanted = {file.path for file in files}
        for path in self._seen.keys() - wanted:
            (self.folder / path).unlink(missing_ok=True)
            del self._seen[path]
        for path in sorted(self._folders - folders, reverse=True):
            shutil.rmtree(self.folder / path, ignore_errors=True)
        for path in sorted(folders):
            (self.folder / path).mkdir(parents=True, exist_ok=True)
        self._folders = set(folders)
        for file in files:
            known = self._seen.get(file.path)
            if known is None or known.sha256 != file.sha256:
                self._place(file)

    def _place(self, file: File) -> None:
        target, temporary = self.folder / file.path, self.aside / "incoming"
        self.blobs.copy(file.sha256, temporary)
        temporary.chmod(file.mode)
        os.utime(temporary, (file.mtime, file.mtime))
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary.replace(target)
        self._seen[file.path] = Seen.of(file.sha256, target.lstat())


def _walk(folder: Path, prefix: str = "") -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Files and folders below a folder, with their relative paths; no links, no special files.

    Files that are deleted during the walk are left out.
    """
    try:
        with os.scandir(folder) as found:
            entries = list(found)
    except FileNotFoundError:
        return
    for entry in entries:
        path = prefix + entry.name
        if entry.is_dir(follow_symlinks=False):
            yield path, entry
            yield from _walk(Path(entry.path), f"{path}/")
        elif entry.is_file(follow_symlinks=False):
            yield path, entry


def open_file(group: int, mounted: Mounted) -> str | None:
    """A file of the Volume that a process of this group has open or as its working folder; or None.

    This needs /proc; without it a reload is never refused.
    """
    roots = (f"{mounted.target}/", f"{mounted.folder}/")
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if os.getpgid(int(process.name)) != group:
                continue
            links = [process / "cwd", *(process / "fd").iterdir()]
            opened = [f"{link.readlink()}/" for link in links]
        except OSError:
            continue
        for path in opened:
            for root in roots:
                if path.startswith(root):
                    return path.removeprefix(root).rstrip("/") or "."
    return None
