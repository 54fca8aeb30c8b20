"""Files of the Volume that were read before, kept in memory.

Runs files and generations are written once, so that each needs to be read once. A runs file that
compaction has replaced has another size: each listing drops what is gone, or has another size, and
a question lists before it reads.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from reconciler.deploy.ports import Files
from reconciler.model.generation import generation_path
from reconciler.model.runs_file import RUNS_FOLDER

MOST: Final = 64 * 2**20
"""Bytes that are kept; what was not asked for longest goes first."""
_WRITTEN_ONCE: Final = (f"{RUNS_FOLDER}/", generation_path("").partition("/")[0] + "/")


@dataclass
class KeptFiles:
    """The files of the Volume."""

    files: Files
    _kept: OrderedDict[str, bytes] = field(default_factory=OrderedDict)
    _bytes: int = 0

    async def read(self, path: str) -> bytes | None:
        """See :class:`~reconciler.deploy.ports.Files`."""
        found = self._kept.get(path)
        if found is not None:
            self._kept.move_to_end(path)
            return found
        content = await self.files.read(path)
        if content is not None and path.endswith(".jsonl") and path.startswith(_WRITTEN_ONCE):
            self._keep(path, content)
        return content

    async def sizes(self, folder: str) -> Mapping[str, int]:
        """See :class:`~reconciler.deploy.ports.Files`."""
        found = await self.files.sizes(folder)
        for path in [path for path in self._kept if path.startswith(f"{folder}/")]:
            if found.get(path) != len(self._kept[path]):
                self._drop(path)
        return found

    async def volume(self) -> str | None:
        """See :class:`~reconciler.deploy.ports.Files`."""
        return await self.files.volume()

    async def written_at(self, path: str) -> str | None:
        """See :class:`~reconciler.deploy.ports.Files`."""
        return await self.files.written_at(path)

    async def list(self, folder: str) -> Sequence[str]:
        """See :class:`~reconciler.deploy.ports.Files`."""
        return await self.files.list(folder)

    async def written(self, folder: str) -> Mapping[str, str]:
        """See :class:`~reconciler.deploy.ports.Files`."""
        return await self.files.written(folder)

    async def write(self, path: str, content: bytes) -> None:
        """See :class:`~reconciler.deploy.ports.Files`."""
        self._drop(path)
        await self.files.write(path, content)

    async def remove(self, path: str) -> None:
        """See :class:`~reconciler.deploy.ports.Files`."""
        self._drop(path)
        await self.files.remove(path)

    def _keep(self, path: str, content: bytes) -> None:
        self._drop(path)
        self._kept[path] = content
        self._bytes += len(content)
        while self._bytes > MOST:
            self._drop(next(iter(self._kept)))

    def _drop(self, path: str) -> None:
        self._bytes -= len(self._kept.pop(path, b""))
