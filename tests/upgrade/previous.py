"""The code of the previous version, taken from git's history.

It is importable under another name, so that both versions run in one process.
"""

from __future__ import annotations

import importlib
import io
import re
import subprocess
import sys
import tarfile
from pathlib import Path
from types import ModuleType
from typing import Final

COMMIT: Final = "935c9e7514dd53c56a6379c2038e55b77f07c017"
"""The last commit of the previous version."""
PACKAGE: Final = "previous_reconciler"
REPOSITORY: Final = Path(__file__).parents[2]

_IMPORT: Final = re.compile(r"^(\s*(?:from|import) )reconciler\b", re.MULTILINE)


def unpack(folder: Path, package: str = "reconciler") -> Path:
    """Write the previous version's package to a folder, under another name if one is given.

    Raises:
        RuntimeError: the clone does not hold that commit.
    """
    done = subprocess.run(
        ["git", "archive", COMMIT, "reconciler"], cwd=REPOSITORY, capture_output=True, check=False
    )
    if done.returncode:
        raise RuntimeError(
            f"the clone does not hold the previous version, commit {COMMIT}: "
            f"{done.stderr.decode().strip()}. Fetch the whole history: git fetch --unshallow"
        )
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")
    root = folder / package
    if package != "reconciler":
        (folder / "reconciler").rename(root)
        for path in root.rglob("*.py"):
            path.write_text(_IMPORT.sub(rf"\1{package}", path.read_text()))
    return root


def make_importable(folder: Path) -> None:
    """Make :data:`PACKAGE` importable in this process."""
    if not (folder / PACKAGE).exists():
        unpack(folder, PACKAGE)
    if str(folder) not in sys.path:
        sys.path.append(str(folder))


def module(name: str) -> ModuleType:
    """A module of the previous version, by its name below the package."""
    return importlib.import_module(f"{PACKAGE}.{name}")
