"""Makes environments: once for each digest, with its output as it comes."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import signal
import string
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from modal_proto import api_pb2

from reconciler.engine import limits
from reconciler.engine.images.interpreter import Interpreter, link_runtime
from reconciler.engine.images.layers import Installation, Layer, Tool
from reconciler.engine.images.python_facts import RUNTIME
from reconciler.engine.images.virtual_environments import Environment, ImageEnvironments, Recipe
from reconciler.errors import ReconcileError

_LOG: Final = logging.getLogger("reconciler.engine")
_OF_THE_ENGINE: Final = ("PYTHON", "MODAL_", "VIRTUAL_ENV", "__PYVENV")
_ELSEWHERE: Final = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_PYTHON", "UV_PROJECT")
"""Settings of this machine that would install into another place. All others are honoured."""
_HIDDEN: Final = "***"
_SHORTEST_SECRET: Final = 4
_LAST_LINES: Final = 5


class FailedStepError(ReconcileError):
    """A command of an image failed."""


class Build:
    """One build, running or ended. ``result`` is None while it runs."""

    def __init__(self, hidden: Sequence[str]) -> None:
        self.lines: list[str] = []
        self.result: api_pb2.GenericResult | None = None
        self._hidden = [value for value in hidden if len(value) >= _SHORTEST_SECRET]
        self._news = asyncio.Event()

    def say(self, line: str) -> None:
        """Add a line of output; one too many is dropped."""
        for value in self._hidden:
            line = line.replace(value, _HIDDEN)
        if len(self.lines) < limits.BUILD_LINES:
            self.lines.append(line[: limits.LOG_LINE])
        self._wake()

    def end(self, result: api_pb2.GenericResult) -> None:
        self.result = result
        self._wake()

    async def wait(self, seconds: float) -> None:
        """Until there is news, or the time is over."""
        try:
            await asyncio.wait_for(self._news.wait(), seconds)
        except TimeoutError:
            return

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


class Builds:
    """``secrets``: the variables of Secrets by their ids, which a layer may be built with."""

    def __init__(
        self,
        environments: ImageEnvironments,
        secrets: Callable[[Sequence[str]], Mapping[str, str]],
    ) -> None:
        self._environments = environments
        self._secrets = secrets
        self._running: dict[str, tuple[Build, asyncio.Task[None]]] = {}
        self._of_image: OrderedDict[str, Build] = OrderedDict()
        self._turn = asyncio.Lock()

    async def begin(self, image: str, *, force: bool) -> bool:
        """Begin to make an image's environment. False if there is nothing to wait for.

        A second one of the same digest waits for the first.

        Raises:
            ReconcileError: the engine's Python cannot be run.
        """
        recipe = await self._environments.recipe(image)
        if recipe is None or (not force and self._environments.find(recipe) is not None):
            self._of_image.pop(image, None)
            return False
        if recipe.digest not in self._running:
            secrets = self._secrets(recipe.layers[-1].secrets)
            build = Build([*secrets.values()])
            task = asyncio.create_task(self._run(build, recipe))
            self._running[recipe.digest] = (build, task)
        self._of_image[image] = self._running[recipe.digest][0]
        self._of_image.move_to_end(image)
        while len(self._of_image) > limits.BUILDS_KEPT:
            self._of_image.popitem(last=False)
        return True

    def of(self, image: str) -> Build | None:
        """The last build of an image since the engine's start, if it needed one."""
        return self._of_image.get(image)

    async def environment(self, image: str) -> Environment | None:
        """An image's environment, made if it is missing; None for one that needs none.

        Raises:
            ReconcileError: it cannot be made.
        """
        recipe = await self._environments.recipe(image)
        if recipe is None:
            return None
        if await self.begin(image, force=False):
            build = self._of_image[image]
            while build.result is None:
                await build.wait(limits.LONG_POLL)
        found = self._environments.find(recipe)
        if found is None:
            built = self.of(image)
            why = built.result.exception if built and built.result else "it was removed"
            raise ReconcileError(f"the packages of its image are not installed: {why}")
        return found

    async def close(self) -> None:
        """End what runs; it leaves nothing that counts."""
        tasks = [task for _, task in self._running.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, build: Build, recipe: Recipe) -> None:
        outcomes = api_pb2.GenericResult
        result = outcomes(status=outcomes.GENERIC_STATUS_TERMINATED, exception="The engine ended")
        try:
            async with self._turn, asyncio.timeout(limits.BUILD):
                began = time.monotonic()
                await self._make(build, recipe, force=True)
            build.say(f"Environment ready in {time.monotonic() - began:.1f} s")
            result = outcomes(status=outcomes.GENERIC_STATUS_SUCCESS)
        except TimeoutError:
            result = outcomes(status=outcomes.GENERIC_STATUS_TIMEOUT)
        except (ReconcileError, OSError) as error:
            result = outcomes(status=outcomes.GENERIC_STATUS_FAILURE, exception=str(error))
        except Exception as error:  # noqa: BLE001  # the client waits for an answer
            _LOG.exception("a build was lost")
            result = outcomes(status=outcomes.GENERIC_STATUS_FAILURE, exception=repr(error))
        finally:
            del self._running[recipe.digest]
            build.end(result)

    async def _make(self, build: Build, recipe: Recipe, *, force: bool) -> Environment:
        """The environment of a recipe, and first those below it where they are missing."""
        found = None if force else self._environments.find(recipe)
        if found is not None:
            return found
        below = recipe.below
        lower = None if below is None else await self._make(build, below, force=False)
        python = await self._environments.interpreter(recipe)
        folder = self._environments.place(recipe)
        try:
            made = await self._fill(build, recipe, python, folder, lower)
            await asyncio.to_thread(made.mark)
        except BaseException:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
            raise
        return made

    async def _fill(
        self,
        build: Build,
        recipe: Recipe,
        python: Interpreter,
        folder: Path,
        lower: Environment | None,
    ) -> Environment:
        clean = _variables({})
        create = [python.program, "-I", "-m", "venv", "--without-pip", str(folder)]
        await _execute(build, create, clean, "make an environment")
        site = folder / "lib" / f"python{python.minor}" / "site-packages"
        if lower is not None and not recipe.alone:
            below = f"import site; site.addsitedir({str(lower.site)!r})\n"
            (site / "_layers_below.pth").write_text(below)
        layer = recipe.layers[-1]
        secrets = self._secrets(layer.secrets)
        with_files = await asyncio.to_thread(_write_files, layer, folder / "files")
        for step in layer.steps:
            build.say(f"RUN {step.command}")
            given = [
                _expanded(word, folder / "files", with_files, secrets) for word in step.arguments
            ]
            if step.tool is Tool.PIP:
                pip = await self._pip(python, str(folder / "bin" / "python"))
                command = [*pip, "install", *given]
                await _execute(build, command, _variables(secrets), step.command)
            else:
                command = [_uv(step, python), "sync", *given]
                await _execute(build, command, _synced(secrets, folder), step.command)
        await asyncio.to_thread(_make_private, folder)
        programs = (folder / "bin", *(lower.programs if lower else ()))
        return Environment(folder, site, programs, await self._runtime(build, python))

    async def _pip(self, python: Interpreter, program: str) -> list[str]:
        return await asyncio.to_thread(python.pip, program, self._environments.folder)

    async def _runtime(self, build: Build, python: Interpreter) -> Path:
        """Modal's client for containers: the engine's own, or one installed for another Python."""
        own = await self._environments.own()
        if python.version[:2] == own.version[:2]:
            return await asyncio.to_thread(link_runtime, own, self._environments.folder)
        pins = [f"{name}=={own.versions[name]}" for name in RUNTIME]
        target = self._environments.folder / "-".join(["runtime", python.minor, *pins])
        if not target.is_dir():
            making = target.with_name(f"{target.name}.making")
            await asyncio.to_thread(shutil.rmtree, making, ignore_errors=True)
            build.say(f"Install modal's client for Python {python.minor}")
            pip = await self._pip(python, python.program)
            command = [*pip, "install", "--target", str(making), *pins]
            await _execute(build, command, _variables({}), f"install {' '.join(pins)}")
            making.rename(target)
        return target


def _make_private(folder: Path) -> None:
    """Give only this user access; venv copies the modes of its templates."""
    for path in folder.rglob("*"):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & 0o700)


def _write_files(layer: Layer, folder: Path) -> set[str]:
    """Write a layer's files as they are in the image; returns them and their folders there."""
    known = set()
    for path, data in layer.files.items():
        target = folder / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        known |= {path, str(Path(path).parent)}
    return known


def _expanded(word: str, folder: Path, known: set[str], secrets: Mapping[str, str]) -> str:
    """A word of a command, with its variables and with paths of the image as they are here."""
    if "$" in word:
        word = string.Template(word).safe_substitute(secrets)
    option, equals, value = word.rpartition("=") if word.startswith("--") else ("", "", word)
    return f"{option}{equals}{folder / value.lstrip('/')}" if value in known else word


def _uv(step: Installation, python: Interpreter) -> str:
    beside = Path(python.program).parent
    uv = shutil.which("uv", path=f"{beside}{os.pathsep}{os.environ.get('PATH', os.defpath)}")
    if uv is None:
        raise FailedStepError(
            f"the layer `{step.command}` needs uv, which is not on the PATH of the engine",
            remedy="Install it: `pip install uv`.",
        )
    return uv


def _variables(secrets: Mapping[str, str]) -> dict[str, str]:
    """This machine's variables, such as those of indexes and proxies, and a layer's Secrets."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(_OF_THE_ENGINE + _ELSEWHERE)}
    return {
        **kept,
        "PIP_USER": "0",
        "PIP_NO_INPUT": "1",
        "PIP_PROGRESS_BAR": "off",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PYTHONUNBUFFERED": "1",
        **secrets,
    }


def _synced(secrets: Mapping[str, str], folder: Path) -> dict[str, str]:
    return {
        **_variables(secrets),
        "UV_PROJECT_ENVIRONMENT": str(folder),
        "UV_PYTHON": str(folder / "bin" / "python"),
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_NO_PROGRESS": "1",
    }


async def _execute(
    build: Build, command: Sequence[str], variables: Mapping[str, str], name: str
) -> None:
    """Run a program, its output into the build's.

    Raises:
        FailedStepError: it failed; with its own last words.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=dict(variables),
        start_new_session=True,
        limit=limits.LOG_LINE * 16,
    )
    before = len(build.lines)
    assert process.stdout is not None
    try:
        while line := await process.stdout.readline():
            build.say(line.decode(errors="replace").rstrip())
        status = await process.wait()
    except BaseException:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
        raise
    if status:
        said = [line for line in build.lines[before:] if line.strip()]
        errors = [line for line in said if line.lower().startswith("error")] or said[-_LAST_LINES:]
        raise FailedStepError(
            f"the layer `{name}` failed with exit code {status}", remedy="\n  ".join(errors)
        )
