"""The files of tasks on the Volume as a container sees it: looking at them costs no call."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import modal

from reconciler.dispatch.adapters.modal_calls import translated_errors
from reconciler.dispatch.adapters.volume_files import store
from reconciler.model.task_names import SETTLED_FOLDER, TASKS_FOLDER, bucket


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


def _below(folder: Path) -> list[Path]:
    """What is in a folder; nothing when it is none."""
    return sorted(folder.iterdir()) if folder.is_dir() else []
