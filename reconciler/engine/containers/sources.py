"""The files that a function was deployed with, laid out as they are in its container."""

from __future__ import annotations

import asyncio
import hashlib
import json
import marshal
import shutil
from collections.abc import Iterable
from importlib.util import MAGIC_NUMBER, cache_from_source, source_hash
from pathlib import Path
from typing import Final

from modal_proto import api_pb2

from reconciler.engine.catalog import Catalog
from reconciler.engine.entries import mount_files
from reconciler.engine.images.image_settings import ImageChain
from reconciler.engine.storage.blobs import Blobs
from reconciler.engine.volumes import normal

LAYOUT: Final = 2
"""Of a folder of sources. Since 2 it holds its bytecode, and containers write none."""


def _compile(source: Path) -> None:
    """Write the bytecode of a module beside it, wherever this user keeps bytecode otherwise.

    A container must not: an interpreter that finds the disk full leaves half a ``.pyc``, and every
    later one fails to import it. The files never change, so bytecode is not compared with them.
    """
    content = source.read_bytes()
    try:
        code = compile(content, str(source), "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return  # the container says what is wrong with it
    target = source.parent / "__pycache__" / Path(cache_from_source(str(source))).name
    target.parent.mkdir(exist_ok=True)
    header = MAGIC_NUMBER + (1).to_bytes(4, "little") + source_hash(content)
    target.write_bytes(header + marshal.dumps(code))


class Sources:
    """One folder per set of files, made at first use and shared by the containers that use it."""

    def __init__(self, catalog: Catalog, blobs: Blobs, folder: Path) -> None:
        self._catalog = catalog
        self._blobs = blobs
        self._folder = folder
        self._images = ImageChain(catalog)
        self._guard = asyncio.Lock()

    async def layout(self, function: api_pb2.Function) -> Path:
        """The folder that is laid over the container's root. It always contains ``root``."""
        placed = [*self._images.copies(function.image_id), *((m, "/") for m in function.mount_ids)]
        files = [
            (normal(f"{prefix}/{file.filename}"), file)
            for mount, prefix in placed
            for file in self._files(mount)
        ]
        named = [LAYOUT, [(path, file.sha256_hex, file.mode) for path, file in files]]
        name = hashlib.sha256(json.dumps(named).encode()).hexdigest()[:32]
        target = self._folder / name
        async with self._guard:
            if not target.exists():
                await asyncio.to_thread(self._make, target, files)
        return target

    def _files(self, mount: str) -> list[api_pb2.MountFile]:
        entry = self._catalog.get(mount)
        return mount_files(entry.body) if entry else []

    def _make(self, folder: Path, files: Iterable[tuple[str, api_pb2.MountFile]]) -> None:
        """Lay the files out, the later over the earlier; the folder appears complete."""
        making = folder.with_suffix(".making")
        shutil.rmtree(making, ignore_errors=True)
        (making / "root").mkdir(parents=True)
        for path, file in files:
            target = making / path
            target.parent.mkdir(parents=True, exist_ok=True)
            self._blobs.copy(file.sha256_hex, target)
            if file.HasField("mode"):
                target.chmod(file.mode & 0o700 | 0o600)
        for target in making.rglob("*.py"):
            _compile(target)
        making.rename(folder)

    def settings(self, function: api_pb2.Function) -> tuple[dict[str, str], str]:
        """The image's environment variables and working folder."""
        return self._images.settings(function.image_id)
