"""The virtual environments of images, found by what they hold.

A layer that installs something has an environment of its own, which sees those of the layers below
it: so a layer is installed once for all images that share it. An environment counts once its mark
is written, which is the last step of making it; one without is removed at the next start.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final

from reconciler.engine import limits
from reconciler.engine.catalog import Catalog
from reconciler.engine.images.interpreter import Interpreter, ask, find
from reconciler.engine.images.layers import Layer, Tool, layers

FORMAT: Final = 1
"""Of an environment. Another number makes all of them anew."""

_MARK: Final = "complete.json"


@dataclass(frozen=True)
class Recipe:
    """What an environment is made of: the layers that install something, base first."""

    python: str
    layers: tuple[Layer, ...]

    @cached_property
    def digest(self) -> str:
        """The same for all images that install the same."""
        made_of = [
            [
                [step.command for step in layer.steps],
                {path: hashlib.sha256(data).hexdigest() for path, data in layer.files.items()},
                layer.secrets,
            ]
            for layer in self.layers
        ]
        text = json.dumps([FORMAT, self.python, made_of], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    @property
    def below(self) -> Recipe | None:
        """That of the layers under the last one; None for the lowest."""
        return replace(self, layers=self.layers[:-1]) if len(self.layers) > 1 else None

    @property
    def alone(self) -> bool:
        """Whether its packages hide those below: ``uv sync`` makes an environment of its own."""
        return any(step.tool is Tool.UV_SYNC for step in self.layers[-1].steps)


@dataclass(frozen=True)
class Environment:
    """A complete environment. ``programs``: folders for PATH, the uppermost layer's first."""

    folder: Path
    site: Path
    programs: tuple[Path, ...]
    runtime: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    def mark(self) -> None:
        """Declare it complete. A crash before this leaves nothing that counts.

        Raises:
            OSError: the disk is full.
        """
        content = {
            "format": FORMAT,
            "folder": str(self.folder),
            "site": str(self.site),
            "programs": [str(path) for path in self.programs],
            "runtime": str(self.runtime),
        }
        making = self.folder / f"{_MARK}.making"
        with making.open("w") as file:
            file.write(json.dumps(content))
            file.flush()
            os.fsync(file.fileno())
        making.rename(self.folder / _MARK)

    @staticmethod
    def read(folder: Path) -> Environment | None:
        """None if it is not complete, was moved, or its Python is gone."""
        try:
            found = json.loads((folder / _MARK).read_text())
            environment = Environment(
                Path(found["folder"]),
                Path(found["site"]),
                tuple(Path(path) for path in found["programs"]),
                Path(found["runtime"]),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None
        whole = environment.folder == folder and environment.runtime.is_dir()
        layers = [path.parent for path in environment.programs]
        usable = all((one / _MARK).exists() and (one / "bin/python").exists() for one in layers)
        return environment if whole and usable else None


class ImageEnvironments:
    """``folder`` holds them. ``python``: the Python of functions whose image installs nothing."""

    def __init__(self, folder: Path, python: str, catalog: Catalog) -> None:
        self.folder = folder.absolute()
        self._python = python
        self._catalog = catalog
        self._own: Interpreter | None = None
        self._tidy()

    async def own(self) -> Interpreter:
        """The Python that the engine was given.

        Raises:
            ReconcileError: it cannot be run.
        """
        if self._own is None:
            self._own = await asyncio.to_thread(ask, self._python)
        return self._own

    async def interpreter(self, recipe: Recipe) -> Interpreter:
        """The Python that a recipe is for.

        Raises:
            ReconcileError: this machine has none of its version.
        """
        return await asyncio.to_thread(find, recipe.python, await self.own())

    async def recipe(self, image: str) -> Recipe | None:
        """None for an image that needs no environment, which runs in the engine's own Python.

        That is one that installs nothing but packages that every container has, at the very
        versions that it has: modal, tzdata and what these need.
        """
        found = layers(self._catalog, image)
        if not any(layer.steps for layer in found):
            return None
        own = await self.own()
        asked = [_beyond(layer, own.versions) for layer in found]
        installing = tuple(layer for layer in asked if layer.steps)
        if not installing:
            return None
        stated = [layer.python for layer in found if layer.python is not None]
        return Recipe(stated[-1] if stated else own.minor, installing)

    def find(self, recipe: Recipe) -> Environment | None:
        """The newest complete environment of a recipe."""
        for folder in sorted(self._made(recipe.digest), key=lambda path: -int(path.name)):
            found = Environment.read(folder)
            if found is not None:
                for programs in found.programs:
                    os.utime(programs.parent / _MARK)
                return found
        return None

    def place(self, recipe: Recipe) -> Path:
        """A new folder for an environment of a recipe.

        No name comes twice: what a killed engine had begun may still be written to.
        """
        newest = max((int(path.name) for path in self._made(recipe.digest)), default=0)
        folder = self.folder / recipe.digest / str(max(newest + 1, time.time_ns()))
        folder.mkdir(parents=True)
        return folder

    def _made(self, digest: str) -> list[Path]:
        return [path for path in (self.folder / digest).glob("*") if path.name.isdecimal()]

    def _tidy(self) -> None:
        """Remove what a crash left, what was replaced, and what was not used for long."""
        oldest = time.time() - limits.ENVIRONMENT_AGE
        for folder in self.folder.glob("*/*"):
            if not folder.name.isdecimal():
                continue
            newest = max(self._made(folder.parent.name), key=lambda path: int(path.name))
            mark = folder / _MARK
            used = mark.exists() and mark.stat().st_mtime >= oldest
            if not used or (folder != newest and Environment.read(newest) is not None):
                shutil.rmtree(folder, ignore_errors=True)


def _beyond(layer: Layer, provided: Mapping[str, str]) -> Layer:
    """The layer without the steps that only ask for what every container has."""

    def satisfied(pins: Mapping[str, str] | None) -> bool:
        return pins is not None and all(provided.get(name) == at for name, at in pins.items())

    return replace(layer, steps=tuple(s for s in layer.steps if not satisfied(s.pins())))
