"""Which interpreter a function runs in: the engine's own, or that of its image's environment."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

from reconciler.engine import limits
from reconciler.engine.containers.launcher import Launcher
from reconciler.engine.images.builds import Builds


class Interpreters:
    """``own`` runs the functions whose image installs nothing; it outlives this object."""

    def __init__(self, own: Launcher, builds: Builds) -> None:
        self._own = own
        self._builds = builds
        self._launchers: OrderedDict[Path, Launcher] = OrderedDict()

    async def of(self, image: str) -> tuple[Launcher, Sequence[Path]]:
        """What starts a container of an image, and the folders of programs that it adds to PATH.

        Raises:
            ReconcileError: the image's packages cannot be installed.
        """
        environment = await self._builds.environment(image)
        if environment is None:
            return self._own, ()
        folder = environment.folder
        if folder not in self._launchers:
            python = str(environment.python)
            self._launchers[folder] = Launcher(python, folder, environment.runtime)
            await self._end_idle()
        self._launchers.move_to_end(folder)
        return self._launchers[folder], environment.programs

    async def can_mount(self) -> bool:
        """Whether containers may have a view of the file system of their own here."""
        return await self._own.can_mount()

    async def stop(self) -> None:
        """End those of environments."""
        while self._launchers:
            _, launcher = self._launchers.popitem()
            await launcher.stop()

    async def _end_idle(self) -> None:
        """End the ones that waited longest, beyond the number that may wait."""
        *earlier, _ = self._launchers.items()
        idle = [folder for folder, launcher in earlier if launcher.idle]
        for folder in idle[: max(0, len(self._launchers) - limits.INTERPRETERS)]:
            await self._launchers.pop(folder).stop()
