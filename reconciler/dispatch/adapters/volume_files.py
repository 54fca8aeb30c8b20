"""The generation store and the run log on the Volume as a container sees it.

A container sees the Volume as it was when it was mounted or last reloaded; what it writes is there
for others after a commit. Background commits may publish a file that is being written, so every
file is written under another name and then renamed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from math import inf
from pathlib import Path
from time import monotonic
from typing import Final

import modal

from reconciler.disk import DiskError, disk_error, write_whole
from reconciler.dispatch.adapters.modal_calls import translated_errors
from reconciler.dispatch.answers import StorageError
from reconciler.model.backfill import BACKFILLS_FOLDER
from reconciler.model.formats import REPAIR, Damaged, FormatError, GoneError
from reconciler.model.generation import Generation, generation_path
from reconciler.model.pointer import POINTER_PATH, decode_pointer
from reconciler.model.runs_file import (
    COMPACTED,
    RUNS_FOLDER,
    ReadLogs,
    WakeLog,
    decode_compacted,
    summary_path,
)
from reconciler.model.stored_generation import StoredGeneration, open_generation
from reconciler.model.task import SETTLED_FOLDER, TASKS_FOLDER, bucket

MOUNT_POINT: Final = "/state"
"""Where the Volume is mounted in a dispatcher container."""


JUST_MOUNTED: Final = 5.0
"""Seconds after the start of a container in which its first wake does not reload the Volume."""
LOOKED_AT: Final = 20
"""Generations that are tried at most when the live one cannot be read."""


def mounted_at() -> Path:
    """The folder in which the Volume's files really are.

    That is the mount point, except under the embedded engine on a host that forbids mount
    namespaces: there the engine names the folders in ``MODAL_ENGINE_VOLUMES``, a JSON object from
    mount point to folder.
    """
    folders = json.loads(os.environ.get("MODAL_ENGINE_VOLUMES", "{}"))
    return Path(folders.get(MOUNT_POINT, MOUNT_POINT))


@dataclass
class VolumeGenerations:
    """Generations read from the mounted Volume, the live one kept while the container is warm.

    A container that was just started mounted the Volume as it is: its first wake does not reload.
    Like one that reloads, it may read what was live a moment ago, which the cursor allows for.

    Attributes:
        mounted: when the container had mounted the Volume, in seconds of ``time.monotonic``.
    """

    volume: modal.Volume
    folder: Path
    mounted: float = -inf
    _kept: dict[str, Generation] = field(default_factory=dict)

    async def live(self) -> Generation | None:
        """See :class:`~reconciler.dispatch.ports.Generations`."""
        is_new, self.mounted = monotonic() - self.mounted < JUST_MOUNTED, -inf
        with translated_errors("reload the Volume"):
            if is_new:
                await self.volume.hydrate.aio()  # what is written is committed by its id
            else:
                await self.volume.reload.aio()  # type: ignore[no-untyped-call]  # untyped in modal
        pointer_file = self.folder / POINTER_PATH
        if not pointer_file.exists():
            return None
        digest = decode_pointer(pointer_file.read_bytes()).generation
        if digest not in self._kept:
            self._kept = {digest: self._read(digest)}
        return self._kept[digest]

    async def last_readable(self) -> Generation | None:
        """See :class:`~reconciler.dispatch.ports.Generations`."""
        folder = (self.folder / generation_path("")).parent
        files = sorted(folder.glob("*.jsonl"), key=_written, reverse=True)
        for file in files[:LOOKED_AT]:
            with suppress(FormatError, OSError):
                return self._read(file.stem)
        return None

    def _read(self, digest: str) -> Generation:
        where = generation_path(digest)
        try:
            content = (self.folder / where).read_bytes()
        except FileNotFoundError as error:
            raise GoneError(where) from error
        return verified_generation(content, digest)


def _written(file: Path) -> float:
    """When a file was written, epoch seconds; one that was just removed is the oldest."""
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0


@dataclass
class VolumeRunLog:
    """Logs of wakes on the mounted Volume, and the archive of them."""

    volume: modal.Volume
    folder: Path

    async def write(self, log: WakeLog) -> None:
        """See :class:`~reconciler.dispatch.ports.RunLog`."""
        store(self.folder / log.path, log.encode())
        await self._commit()

    async def recent(self, days: int, about: Callable[[str], bool] | None = None) -> ReadLogs:
        """See :class:`~reconciler.dispatch.ports.RunLog`."""
        found = [self._logs_of(day, about) for day in (await self.days())[-days:]]
        logs = sorted((log for of_day in found for log in of_day), key=lambda log: log.path)
        return ReadLogs(logs, (one for of_day in found for one in of_day.damaged))

    async def days(self) -> Sequence[str]:
        """See :class:`~reconciler.dispatch.ports.Archive`."""
        root = self.folder / RUNS_FOLDER
        # Other files beside them are not ours.
        return sorted(day.name for day in root.iterdir() if day.is_dir()) if root.exists() else []

    async def loose_days(self) -> Sequence[str]:
        """See :class:`~reconciler.dispatch.ports.Archive`."""
        return [
            day
            for day in await self.days()
            if any(self._loose_files(day)) or not (self.folder / summary_path(day)).exists()
        ]

    async def compact(self, day: str, now: int) -> Sequence[Damaged]:
        """See :class:`~reconciler.dispatch.ports.Archive`."""
        logs = self._logs_of(day)
        path = self.folder / RUNS_FOLDER / day / COMPACTED
        damaged = {one.where for one in logs.damaged}
        if self._where(path) in damaged:
            return logs.damaged
        # A log of a time that is yet to come stays: a question about what comes next reads it.
        stay = damaged | {log.path for log in logs if log.is_ahead_of(now)}
        loose = [file for file in self._loose_files(day) if self._where(file) not in stay]
        store(path, b"".join(log.encode() for log in logs))
        self._sum_up(day, [path], logs)
        # Others must be able to read the one file before the many go.
        await self._commit()
        for file in loose:
            file.unlink()
        await self._commit()
        return logs.damaged

    async def summarise(self, day: str) -> None:
        """See :class:`~reconciler.dispatch.ports.Archive`."""
        logs = self._logs_of(day)
        damaged = {one.where for one in logs.damaged}
        files = (self.folder / RUNS_FOLDER / day).glob("*.jsonl")
        self._sum_up(day, [file for file in files if self._where(file) not in damaged], logs)
        await self._commit()

    async def remove(self, day: str) -> None:
        """See :class:`~reconciler.dispatch.ports.Archive`."""
        folder = self.folder / RUNS_FOLDER / day
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
        await self._commit()

    def _logs_of(self, day: str, about: Callable[[str], bool] | None = None) -> ReadLogs:
        found: dict[str, WakeLog] = {}
        damaged: list[Damaged] = []
        for file in sorted((self.folder / RUNS_FOLDER / day).glob("*.jsonl")):
            where = self._where(file)
            try:
                logs = decode_compacted(file.read_bytes(), where, about)
            except OSError as error:
                damaged.append(Damaged(where, str(error.strerror)))
                continue
            found |= {log.path: log for log in logs}
            damaged += logs.damaged
        return ReadLogs((found[path] for path in sorted(found)), damaged)

    def _sum_up(self, day: str, files: Iterable[Path], logs: ReadLogs) -> None:
        from reconciler.model.day_summary import summarise  # start-up time: once a day

        sizes = {file.name: file.stat().st_size for file in files}
        store(self.folder / summary_path(day), summarise(day, sizes, logs).encode())

    def _where(self, file: Path) -> str:
        return file.relative_to(self.folder).as_posix()

    def _loose_files(self, day: str) -> Iterator[Path]:
        for file in (self.folder / RUNS_FOLDER / day).glob("*.jsonl"):
            if file.name != COMPACTED:
                yield file

    async def _commit(self) -> None:
        with translated_errors("commit the Volume"):
            await self.volume.commit.aio()  # type: ignore[no-untyped-call]  # untyped in modal


def store(path: Path, content: bytes) -> None:
    """Write a file on the mounted Volume; a commit in the background never publishes half of it.

    Raises:
        StorageError: it cannot be written, and is as it was.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)
    except (OSError, DiskError) as error:
        found = disk_error(error, path) if isinstance(error, OSError) else error
        raise StorageError(found.what, where=found.where, remedy=_ROOM) from error


_ROOM: Final = "Make room in the Volume. Nothing is lost: the next wake goes on."


def verified_generation(content: bytes, digest: str) -> StoredGeneration:
    """Read a generation file whose bytes must bear its name.

    Raises:
        FormatError: they do not, or it is not a generation.
    """
    where = generation_path(digest)
    if sha256(content).hexdigest() != digest:
        raise FormatError(
            "was changed after it was written: its content does not match its name",
            where=where,
            remedy=REPAIR,
        )
    return open_generation(content, where)


@dataclass(frozen=True, slots=True)
class VolumeTaskFiles:
    """Tasks on the mounted Volume, as it was when it was last reloaded."""

    volume: modal.Volume
    folder: Path

    async def pending(self, until: int | None = None) -> Sequence[str]:
        """See :class:`~reconciler.dispatch.ports.TaskFiles`."""
        last = None if until is None else bucket(until)
        return sorted(
            self._path(file)
            for hour in self._buckets(last)
            for file in _below(hour)
            if file.suffix == ".json"
        )

    async def settled(self) -> Sequence[str]:
        """See :class:`~reconciler.dispatch.ports.TaskFiles`."""
        return sorted(map(self._path, (self.folder / SETTLED_FOLDER).glob("*.json")))

    async def read(self, path: str) -> bytes | None:
        """See :class:`~reconciler.dispatch.ports.TaskFiles`."""
        try:
            return (self.folder / path).read_bytes()
        except FileNotFoundError:
            return None

    async def change(self, write: Mapping[str, bytes], remove: Collection[str] = ()) -> None:
        """See :class:`~reconciler.dispatch.ports.TaskFiles`.

        One commit, whose changes are made in that order.
        """
        for path, content in write.items():
            store(self.folder / path, content)
        for path in remove:
            (self.folder / path).unlink(missing_ok=True)
        await self._commit()

    async def remove_empty_buckets(self, before: str) -> None:
        """See :class:`~reconciler.dispatch.ports.TaskFiles`."""
        days = [day for day in _below(self.folder / TASKS_FOLDER) if day.name < before]
        hours = [hour for day in days for hour in _below(day) if hour.is_dir()]
        empty = [hour for hour in hours if not _below(hour)]
        for folder in (*empty, *(day for day in days if set(_below(day)) <= set(empty))):
            folder.rmdir()
        if empty:
            await self._commit()

    def _buckets(self, last: str | None) -> Iterator[Path]:
        for day in _below(self.folder / TASKS_FOLDER):
            if last is None or self._path(day) <= last:
                for hour in _below(day):
                    if last is None or self._path(hour) <= last:
                        yield hour

    def _path(self, file: Path) -> str:
        return file.relative_to(self.folder).as_posix()

    async def _commit(self) -> None:
        with translated_errors("commit the Volume"):
            await self.volume.commit.aio()  # type: ignore[no-untyped-call]  # untyped in modal


@dataclass(frozen=True, slots=True)
class VolumeBackfillFiles:
    """Backfills on the mounted Volume, as it was when it was last reloaded."""

    volume: modal.Volume
    folder: Path

    async def listed(self) -> Sequence[str]:
        """See :class:`~reconciler.dispatch.ports.BackfillFiles`."""
        return [
            f"{BACKFILLS_FOLDER}/{file.name}" for file in _below(self.folder / BACKFILLS_FOLDER)
        ]

    async def read(self, path: str) -> bytes | None:
        """See :class:`~reconciler.dispatch.ports.BackfillFiles`."""
        try:
            return (self.folder / path).read_bytes()
        except FileNotFoundError:
            return None

    async def write(self, path: str, content: bytes) -> None:
        """See :class:`~reconciler.dispatch.ports.BackfillFiles`."""
        store(self.folder / path, content)
        await self._commit()

    async def remove(self, paths: Collection[str]) -> None:
        """See :class:`~reconciler.dispatch.ports.BackfillFiles`."""
        for path in paths:
            (self.folder / path).unlink(missing_ok=True)
        await self._commit()

    async def _commit(self) -> None:
        with translated_errors("commit the Volume"):
            await self.volume.commit.aio()  # type: ignore[no-untyped-call]  # untyped in modal


def _below(folder: Path) -> list[Path]:
    """What is in a folder; nothing when it is none."""
    return sorted(folder.iterdir()) if folder.is_dir() else []
