"""The files that a function was deployed with, laid out as they are in its container."""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
from collections.abc import Iterable
from pathlib import Path

from modal_proto import api_pb2

from reconciler.engine.catalog import Catalog
from reconciler.engine.rpc.contents import ImageChain, mount_files
from reconciler.engine.storage.blobs import Blobs
from reconciler.engine.volumes import normal


class Sources:
    """One folder per set of mounts, made at first use and shared by the containers that use it."""

    def __init__(self, catalog: Catalog, blobs: Blobs, folder: Path) -> None:
        self._catalog = catalog
        self._blobs = blobs
        self._folder = folder
        self._images = ImageChain(catalog)
        self._guard = asyncio.Lock()

    async def layout(self, function: api_pb2.Function) -> Path:
        """The folder that stands for the container's root. It always has a ``root`` in it."""
        placed = [*self._images.copies(function.image_id), *((m, "/") for m in function.mount_ids)]
        name = hashlib.sha256(json.dumps(placed).encode()).hexdigest()[:32]
        target = self._folder / name
        async with self._guard:
            if not target.exists():
                files = [
                    (normal(f"{prefix}/{file.filename}"), file)
                    for mount, prefix in placed
                    for file in self._files(mount)
                ]
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
            shutil.copyfile(self._blobs.path(file.sha256_hex), target)
            if file.HasField("mode"):
                target.chmod(file.mode & 0o7777 | 0o600)
        making.rename(folder)

    def settings(self, function: api_pb2.Function) -> tuple[dict[str, str], str]:
        """The image's environment variables and working folder."""
        return self._images.settings(function.image_id)
