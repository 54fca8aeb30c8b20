"""The files of our Volume, from outside a container."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import modal
from modal.exception import NotFoundError
from modal.types import FileEntry, FileEntryType

from reconciler.deploy.ports import Files
from reconciler.dispatch.adapters.at_once import at_once
from reconciler.dispatch.adapters.modal_calls import translated_errors
from reconciler.dispatch.adapters.volume_files import LOOKED_AT, verified_generation
from reconciler.model.formats import Damaged, FormatError, GoneError
from reconciler.model.generation import Generation, generation_path
from reconciler.model.pointer import POINTER_PATH, decode_pointer
from reconciler.model.runs_file import RUNS_FOLDER, ReadLogs, WakeLog, decode_compacted, format_time
from reconciler.model.stored_generation import of_readable_records


class ModalFiles:
    """Reads and writes by calls to Modal; the Volume is made when something is written."""

    def __init__(self, name: str, environment: str) -> None:
        """Args: the name of the Volume, and the Modal environment that it is in."""
        self._name, self._environment = name, environment
        self._volume: str | None = None
        self._open()

    def _open(self) -> None:
        name, environment = self._name, self._environment
        self._read_only = modal.Volume.from_name(name, environment_name=environment)
        self._writable = modal.Volume.from_name(
            name, environment_name=environment, create_if_missing=True
        )

    async def volume(self) -> str | None:
        """See :class:`~reconciler.deploy.ports.Files`."""
        # Looked up anew: a handle keeps the id that it has found once.
        found = modal.Volume.from_name(self._name, environment_name=self._environment)
        with translated_errors(f"look up the Volume {self._name}"):
            try:
                await found.hydrate.aio()
                volume = str(found.object_id)
            except NotFoundError:
                volume = None
        if volume != self._volume:
            self._volume = volume
            self._open()
        return volume

    async def read(self, path: str) -> bytes | None:
        """See :class:`~reconciler.deploy.ports.Files`."""
        with translated_errors(f"read {path} of the Volume {self._name}"):
            try:
                return b"".join([part async for part in self._read_only.read_file.aio(path)])
            except (NotFoundError, FileNotFoundError):
                return None

    async def write(self, path: str, content: bytes) -> None:
        """See :class:`~reconciler.deploy.ports.Files`."""
        with translated_errors(f"write {path} to the Volume {self._name}"):
            async with self._writable.batch_upload.aio(force=True) as batch:
                batch.put_file(io.BytesIO(content), path)

    async def written_at(self, path: str) -> str | None:
        """See :class:`~reconciler.deploy.ports.Files`."""
        return (await self.written(path)).get(path)

    async def list(self, folder: str) -> Sequence[str]:
        """See :class:`~reconciler.deploy.ports.Files`."""
        return sorted(await self.written(folder))

    async def written(self, folder: str) -> Mapping[str, str]:
        """See :class:`~reconciler.deploy.ports.Files`."""
        return {
            entry.path.lstrip("/"): format_time(datetime.fromtimestamp(entry.mtime, UTC))
            for entry in await self._listed(folder)
        }

    async def sizes(self, folder: str) -> Mapping[str, int]:
        """See :class:`~reconciler.deploy.ports.Files`."""
        return {
            entry.path.lstrip("/"): entry.size
            for entry in await self._listed(folder, recursive=True)
            if entry.type is FileEntryType.FILE
        }

    async def _listed(self, folder: str, *, recursive: bool = False) -> Sequence[FileEntry]:
        with translated_errors(f"list {folder} of the Volume {self._name}"):
            try:
                return await self._read_only.listdir.aio(folder, recursive=recursive)
            except (NotFoundError, FileNotFoundError):
                return ()

    async def remove(self, path: str) -> None:
        """See :class:`~reconciler.deploy.ports.Files`."""
        with translated_errors(f"remove {path} from the Volume {self._name}"):
            try:
                await self._read_only.remove_file.aio(path)
            except (NotFoundError, FileNotFoundError):
                return


@dataclass(frozen=True, slots=True)
class RemoteGenerations:
    """The dispatcher's generation store, read from outside."""

    files: Files
    on_damage: Callable[[Iterable[Damaged]], None] | None = None
    """Is given the records that cannot be read."""

    async def live(self) -> Generation | None:
        """See :class:`~reconciler.dispatch.ports.Generations`."""
        content = await self.files.read(POINTER_PATH)
        if content is None:
            return None
        digest = decode_pointer(content).generation
        generation = await self.files.read(generation_path(digest))
        if generation is None:
            raise GoneError(generation_path(digest))
        found = of_readable_records(verified_generation(generation, digest))
        if self.on_damage is not None:
            self.on_damage(found.damaged)
        return found

    async def last_readable(self) -> Generation | None:
        """See :class:`~reconciler.dispatch.ports.Generations`."""
        folder = generation_path("").rpartition("/")[0]
        written = await self.files.written(folder)
        for path in sorted(written, key=written.__getitem__, reverse=True)[:LOOKED_AT]:
            content = await self.files.read(path)
            digest = path.rpartition("/")[2].removesuffix(".jsonl")
            if content is not None:
                with suppress(FormatError):
                    return verified_generation(content, digest)
        return None


@dataclass(frozen=True, slots=True)
class RemoteRunLog:
    """The dispatcher's run log, from outside."""

    files: Files

    async def write(self, log: WakeLog) -> None:
        """See :class:`~reconciler.dispatch.ports.RunLog`."""
        await self.files.write(log.path, log.encode())

    async def recent(self, days: int, about: Callable[[str], bool] | None = None) -> ReadLogs:
        """See :class:`~reconciler.dispatch.ports.RunLog`.

        Every wake of the last two days has a file of its own: one after the other they would take
        minutes.
        """

        async def read(path: str) -> ReadLogs:
            content = await self.files.read(path)
            return ReadLogs() if content is None else decode_compacted(content, path, about)

        newest = (await self.files.list(RUNS_FOLDER))[-days:]
        listed = await at_once(map(self.files.list, newest))
        paths = sorted(path for of_day in listed for path in of_day if path.endswith(".jsonl"))
        found = await at_once(map(read, paths))
        logs = {log.path: log for of_file in found for log in of_file}
        damaged = (one for of_file in found for one in of_file.damaged)
        return ReadLogs((logs[path] for path in sorted(logs)), damaged)
