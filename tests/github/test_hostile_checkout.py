"""A checkout whose files have the names of Python's own modules: nothing of it is imported.

The steps of a workflow run in the checkout and hold Modal's token.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.github.runner import ACTION, ROOT

MODULES = ("token", "types", "json", "enum", "ssl", "sitecustomize", "usercustomize", "modal")
PACKAGES = ("pip", "reconciler", "yaml", "encodings")
BACKEND = """
import zipfile
def build_wheel(folder, settings=None, metadata=None):
    with zipfile.ZipFile(f"{folder}/harmless-1-py3-none-any.whl", "w") as wheel:
        info = "harmless-1.dist-info"
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\\nName: harmless\\nVersion: 1\\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nTag: py3-none-any\\n")
        wheel.writestr(f"{info}/RECORD", "")
    return "harmless-1-py3-none-any.whl"
"""
PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "harmless"
version = "1"
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository in which every import of a module of Python's leaves a mark."""
    folder = tmp_path / "checkout"
    (folder / "schedules").mkdir(parents=True)
    (folder / "schedules" / "a.yaml").write_text("name: a\nschedule: 1h\nfunction: shop/sync\n")
    code = f"open({str(tmp_path / 'imported')!r}, 'a').write(__name__ + ' ')\n"
    for name in MODULES:
        (folder / f"{name}.py").write_text(code)
    for name in PACKAGES:
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text(code)
        (folder / name / "__main__.py").write_text(code)
    return folder


def imported(checkout: Path) -> str:
    mark = checkout.parent / "imported"
    return mark.read_text() if mark.exists() else ""


def install_block() -> str:
    steps = yaml.safe_load((ROOT / ACTION).read_text())["runs"]["steps"]
    return next(str(step["run"]) for step in steps if step["name"] == "Install")


def test_installing_the_action_imports_nothing_of_the_checkout(
    checkout: Path, tmp_path: Path
) -> None:
    action = tmp_path / "action"
    action.mkdir()
    (action / "requirements.txt").touch()
    (action / "pyproject.toml").write_text(PROJECT)
    (action / "backend.py").write_text(BACKEND)
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "python")], check=True)
    path = f"{tmp_path / 'python' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", install_block()],
        cwd=checkout,
        env={"PATH": path, "HOME": str(tmp_path), "GITHUB_ACTION_PATH": str(action)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert imported(checkout) == ""
    installed = tmp_path.glob("python/lib/python*/site-packages/harmless-1.dist-info")
    assert [*installed], "pip ran, and installed the action"


@pytest.mark.parametrize("command", [("validate",), ("engine", "exec", "true"), ("status",)])
def test_a_command_imports_nothing_of_the_checkout(
    checkout: Path, command: tuple[str, ...]
) -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("reconcile")), *command],
        cwd=checkout,
        env={"PATH": os.environ["PATH"], "HOME": str(checkout)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "defect" not in done.stderr
    assert done.returncode == (1 if command == ("status",) else 0), done.stderr
    assert imported(checkout) == ""


@pytest.mark.parametrize("path", ["action.yml", "Makefile", ".github/workflows/ci.yml"])
def test_no_step_runs_a_module_with_the_current_folder_in_reach(path: str) -> None:
    code = [line.split("#")[0] for line in (ROOT / path).read_text().splitlines()]
    assert not [line for line in code if "python -m pip" in line]
