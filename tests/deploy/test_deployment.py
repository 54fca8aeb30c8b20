"""What the deployed dispatcher mounts of our source."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.deploy.deployment import dispatcher_digest, package_folder, runs_inside

IMPORT_ALL = """
import importlib, pkgutil, sys, reconciler
for module in pkgutil.walk_packages(reconciler.__path__, "reconciler."):
    importlib.import_module(module.name)
for name, module in sys.modules.items():
    if name.partition(".")[0] == "reconciler":
        print(module.__file__)
"""


def test_the_mounted_source_imports_nothing_of_ours_that_is_not_mounted(tmp_path: Path) -> None:
    root = package_folder()
    for path in root.rglob("*.py"):
        if runs_inside(path):
            copy = tmp_path / "reconciler" / path.relative_to(root)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    command = [sys.executable, "-c", IMPORT_ALL]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    # An editable installation finds here what a container would not.
    elsewhere = [one for one in done.stdout.split() if not Path(one).is_relative_to(tmp_path)]
    assert not elsewhere


@pytest.mark.parametrize(
    ("changed", "is_another"),
    [
        ("dispatch/a.py", True),
        ("dispatch/z.py", True),
        ("cli/b.py", False),
        ("dispatch/c.md", False),
    ],
)
def test_the_dispatcher_is_another_one_when_a_file_that_it_runs_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: str, is_another: bool
) -> None:
    for name in ("dispatch/a.py", "dispatch/z.py", "cli/b.py", "dispatch/c.md"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("one = 1\n")
    monkeypatch.setattr("reconciler.deploy.deployment.package_folder", lambda: tmp_path)
    dispatcher_digest.cache_clear()
    before = dispatcher_digest()
    (tmp_path / changed).write_text("two = 2\n")
    dispatcher_digest.cache_clear()
    after = dispatcher_digest()
    dispatcher_digest.cache_clear()
    assert (before != after) is is_another
