"""The generation store and the run log on the Volume as a container sees it.

A container sees the Volume as it was when it was mounted or last reloaded; what it writes is there
for others after a commit. Background commits may publish a file that is being written, so every
file is written under another name and then renamed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final

import modal

from reconciler.dispatch.formats import REPAIR, FormatError, GoneError
from reconciler.dispatch.generation import Generation, generation_path
from reconciler.dispatch.modal_calls import translated_errors
from reconciler.dispatch.pointer import POINTER_PATH, decode_pointer
from reconciler.dispatch.runs import COMPACTED, RUNS_FOLDER, WakeLog
from reconciler.dispatch.stored_generation import open_generation

MOUNT_POINT: Final = "/state"
"""Where the Volume is mounted in a dispatcher container."""


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
    """Generations read from the mounted Volume, the live one kept while the container is warm."""

    volume: modal.Volume
    folder: Path
    _kept: dict[str, Generation] = field(default_factory=dict)

    async def live(self) -> Generation | None:
        """See :class:`~reconciler.dispatch.ports.Generations`."""
        with translated_errors():
            await self.volume.reload.aio()  # type: ignore[no-untyped-call]  # untyped in modal
        pointer_file = self.folder / POINTER_PATH
        if not pointer_file.exists():
            return None
        digest = decode_pointer(pointer_file.read_bytes()).generation
        if digest not in self._kept:
            self._kept = {digest: self._read(digest)}
        return self._kept[digest]

    def _read(self, digest: str) -> Generation:
        where = generation_path(digest)
        try:
            content = (self.folder / where).read_bytes()
        except FileNotFoundError as error:
            raise GoneError(where) from error
        return verified_generation(content, digest)


@dataclass
class VolumeRunLog:
    """Logs of wakes on the mounted Volume, and the archive of them."""

    volume: modal.Volume
    folder: Path

    async def write(self, log: WakeLog) -> None:
        """See :class:`~reconciler.dispatch.ports.RunLog`."""
        path = self.folder / log.path
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".unfinished")
        unfinished.write_bytes(log.encode())
        unfinished.replace(path)
        await self._commit()

    async def recent(
        self, days: int, about: Callable[[str], bool] | None = None
    ) -> Sequence[WakeLog]:
        """See :class:`~reconciler.dispatch.ports.RunLog`."""
        logs = [log for day in (await self.days())[-days:] for log in self._logs_of(day, about)]
        return sorted(logs, key=lambda log: log.path)

    async def days(self) -> Sequence[str]:
        """See :class:`~reconciler.dispatch.ports.Archive`."""
        root = self.folder / RUNS_FOLDER
        # What somebody left beside them is none of our business.
        return sorted(day.name for day in root.iterdir() if day.is_dir()) if root.exists() else []

    async def loose_days(self) -> Sequence[str]:
        """See :class:`~reconciler.dispatch.ports.Archive`."""
        return [day for day in await self.days() if any(self._loose_files(day))]

    async def compact(self, day: str) -> None:
        """See :class:`~reconciler.dispatch.ports.Archive`."""
        logs, loose = self._logs_of(day), list(self._loose_files(day))
        path = self.folder / RUNS_FOLDER / day / COMPACTED
        unfinished = path.with_suffix(".unfinished")
        unfinished.write_bytes(b"".join(log.encode() for log in logs))
        unfinished.replace(path)
        # Others must be able to read the one file before the many go.
        await self._commit()
        for file in loose:
            file.unlink()
        await self._commit()

    async def remove(self, day: str) -> None:
        """See :class:`~reconciler.dispatch.ports.Archive`."""
        folder = self.folder / RUNS_FOLDER / day
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
        await self._commit()

    def _logs_of(self, day: str, about: Callable[[str], bool] | None = None) -> Sequence[WakeLog]:
        from reconciler.dispatch.stored_runs import decode_compacted  # start-up time: seldom read

        found: dict[str, WakeLog] = {}
        for file in sorted((self.folder / RUNS_FOLDER / day).glob("*.jsonl")):
            where = file.relative_to(self.folder).as_posix()
            found |= {log.path: log for log in decode_compacted(file.read_bytes(), where, about)}
        return [found[path] for path in sorted(found)]

    def _loose_files(self, day: str) -> Iterator[Path]:
        for file in (self.folder / RUNS_FOLDER / day).glob("*.jsonl"):
            if file.name != COMPACTED:
                yield file

    async def _commit(self) -> None:
        with translated_errors():
            await self.volume.commit.aio()  # type: ignore[no-untyped-call]  # untyped in modal


def verified_generation(content: bytes, digest: str) -> Generation:
    """Read a generation file whose bytes must bear its name.

    Raises:
        FormatError: they do not, or it is no generation.
    """
    where = generation_path(digest)
    if sha256(content).hexdigest() != digest:
        raise FormatError(
            "was changed after it was written: its content does not match its name",
            where=where,
            remedy=REPAIR,
        )
    return open_generation(content, where)
