"""The files of tasks on the Volume, read and written from outside the dispatcher."""

from __future__ import annotations

import io
from collections.abc import Collection, Mapping, Sequence

import modal
from modal.exception import NotFoundError
from modal.types import FileEntryType

from reconciler.dispatch.adapters.at_once import at_once
from reconciler.dispatch.adapters.modal_calls import translated_errors
from reconciler.model.task import SETTLED_FOLDER, TASKS_FOLDER, bucket


class ModalTaskFiles:
    """Reads and writes by calls to Modal. The first write creates the Volume."""

    def __init__(self, name: str, environment: str | None = None) -> None:
        """Args: the name of the Volume, and its Modal environment; None for the program's own."""
        self._read_only = modal.Volume.from_name(name, environment_name=environment)
        self._writable = modal.Volume.from_name(
            name, environment_name=environment, create_if_missing=True
        )

    async def pending(self, until: int | None = None) -> Sequence[str]:
        """See :class:`~reconciler.dispatch.ports.TaskFiles`; one call to Modal."""
        last = None if until is None else bucket(until)
        return [
            path
            for path in await self._below(TASKS_FOLDER)
            if last is None or path.rpartition("/")[0] <= last
        ]

    async def settled(self) -> Sequence[str]:
        """See :class:`~reconciler.dispatch.ports.TaskFiles`."""
        return await self._below(SETTLED_FOLDER)

    async def read(self, path: str) -> bytes | None:
        """See :class:`~reconciler.dispatch.ports.TaskFiles`."""
        with translated_errors(f"read {path}"):
            try:
                return b"".join([part async for part in self._read_only.read_file.aio(path)])
            except (NotFoundError, FileNotFoundError):
                return None

    async def change(self, write: Mapping[str, bytes], remove: Collection[str] = ()) -> None:
        """See :class:`~reconciler.dispatch.ports.TaskFiles`."""
        with translated_errors("store or remove tasks"):
            if write:
                async with self._writable.batch_upload.aio(force=True) as batch:
                    for path, content in write.items():
                        batch.put_file(io.BytesIO(content), path)
            await at_once(map(self._remove, remove))

    async def remove_empty_buckets(self, before: str) -> None:
        """Does nothing: only the dispatcher removes empty folders."""

    async def _remove(self, path: str) -> None:
        try:
            await self._read_only.remove_file.aio(path)
        except (NotFoundError, FileNotFoundError):
            return

    async def _below(self, folder: str) -> Sequence[str]:
        with translated_errors(f"list {folder}"):
            try:
                entries = await self._read_only.listdir.aio(folder, recursive=True)
            except (NotFoundError, FileNotFoundError):
                return ()
        return sorted(
            entry.path.lstrip("/")
            for entry in entries
            if entry.type is FileEntryType.FILE and entry.path.endswith(".json")
        )
