"""The Pythons of this machine, and modal's runtime for the environments made with them.

An environment holds what an image installs and nothing else. Modal adds its client and what that
needs when a container starts; here a folder of links to the engine's own copies does it, behind
the environment's packages, so that an image's own versions win as they do on Modal.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from reconciler.engine.images import python_facts
from reconciler.errors import ReconcileError

_PATIENCE: Final = 30.0


@dataclass(frozen=True)
class Interpreter:
    """A Python on this machine.

    ``wheel``: pip as the file that comes with Python; None where it does not. ``has_pip``: one is
    installed that can install for another Python. ``runtime``: the installed modal, tzdata and
    what these need, by name.
    """

    program: str
    version: tuple[int, int, int]
    has_pip: bool
    wheel: str | None
    runtime: Mapping[str, Mapping[str, object]]

    @property
    def minor(self) -> str:
        """Such as ``3.12``."""
        return f"{self.version[0]}.{self.version[1]}"

    @property
    def versions(self) -> Mapping[str, str]:
        """The versions of the runtime's packages."""
        return {name: str(one["version"]) for name, one in self.runtime.items()}

    @property
    def version_of_runtime(self) -> str:
        """A digest of where its packages are and of their versions."""
        seen = [(name, one["version"], one["root"]) for name, one in sorted(self.runtime.items())]
        return hashlib.sha256(json.dumps(seen).encode()).hexdigest()[:16]

    def pip(self, python: str, folder: Path) -> list[str]:
        """The words that run pip for a Python, which need not have it.

        Args:
            python: the program that packages are installed for.
            folder: where pip is unpacked, once, if it is not installed.

        Raises:
            ReconcileError: this Python has no pip.
            OSError: it cannot be unpacked.
        """
        if self.has_pip:
            return [self.program, "-I", "-m", "pip", "--python", python]
        if self.wheel is None:
            raise ReconcileError(
                f"Python {self.minor} has no pip, which installs an image's packages",
                where=self.program,
                remedy="Install it: `python -m ensurepip`, or your system's package python3-venv.",
            )
        target = folder / Path(self.wheel).stem
        if not target.is_dir():
            making = target.with_name(f"{target.name}.making")
            shutil.rmtree(making, ignore_errors=True)
            with zipfile.ZipFile(self.wheel) as wheel:
                wheel.extractall(making)
            making.rename(target)
        return [python, str(target / "pip")]


def ask(program: str) -> Interpreter:
    """What a Python says of itself.

    Raises:
        ReconcileError: it cannot be run.
    """
    if program == sys.executable:
        return _interpreter(program, python_facts.facts())
    try:
        done = subprocess.run(  # noqa: S603  # the machine's own interpreter
            [program, "-I", python_facts.__file__],
            capture_output=True,
            timeout=_PATIENCE,
            check=True,
            text=True,
        )
        return _interpreter(program, json.loads(done.stdout))
    except (OSError, subprocess.SubprocessError, ValueError, LookupError) as error:
        raise ReconcileError(f"this Python cannot be run: {error}", where=program) from error


def _interpreter(program: str, found: Mapping[str, Any]) -> Interpreter:
    major, minor, micro = found["version"]
    version = (int(major), int(minor), int(micro))
    return Interpreter(program, version, found["has_pip"], found["wheel"], found["runtime"])


def find(minor: str, own: Interpreter) -> Interpreter:
    """The Python of a version, the engine's own if it is of that version.

    Raises:
        ReconcileError: this machine has none.
    """
    if minor == own.minor:
        return own
    program = shutil.which(f"python{minor}")
    if program is not None:
        try:
            other = ask(program)
        except ReconcileError:
            other = own  # a shim of a version that is not installed, for example
        if other.minor == minor:
            return other
    raise ReconcileError(
        f"the image asks for Python {minor}, and this machine has Python {own.minor}",
        where=own.program,
        remedy=f"Put `python{minor}` on the PATH of the engine, or ask for Python {own.minor}.",
    )


def link_runtime(own: Interpreter, folder: Path) -> Path:
    """A folder of links to the engine's modal, tzdata and what these need; made if it is missing.

    Raises:
        OSError: it cannot be written.
    """
    target = folder / f"runtime-{own.minor}-{own.version_of_runtime}"
    if target.is_dir():
        return target
    making = target.with_name(f"{target.name}.making")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    for one in own.runtime.values():
        files = one["files"]
        assert isinstance(files, list)
        for part in _parts(files):
            (making / part).parent.mkdir(parents=True, exist_ok=True)
            if not os.path.lexists(making / part):
                (making / part).symlink_to(Path(str(one["root"])) / part)
    making.rename(target)
    return target


def _parts(files: list[str]) -> set[str]:
    """The packages and modules of a distribution; of a namespace, the packages in it."""
    present = set(files)
    found = set()
    for file in files:
        first, _, rest = file.partition("/")
        if first in {"..", "__pycache__"} or file.startswith("/"):
            continue
        regular = not rest or f"{first}/__init__.py" in present or first.endswith("-info")
        found.add(first if regular else f"{first}/{rest.partition('/')[0]}")
    return found
