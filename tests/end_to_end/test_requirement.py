"""A modal that is too old, missing or broken is named by every command, before anything else."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.requirement import least_modal

COMMANDS = (
    "",
    "--dry-run",
    "--yes",
    "adopt",
    "dashboard",
    "dashboard token a --scope read",
    "engine",
    "engine env",
    "engine exec true",
    "explain daily 2026-11-20T06:00Z",
    "github comment --file x",
    "github drift --code 0 --file x",
    "history",
    "import crontab x",
    "import modal",
    "init",
    "lint",
    "next",
    "result fc-1",
    "runs",
    "status",
    "submit shop/sync",
    "tasks",
    "tasks cancel a",
    "trigger daily",
    "unlock 1",
    "validate",
    "wake",
)
Install = Callable[..., Path]


@pytest.fixture
def install(tmp_path: Path) -> Install:
    """Makes a folder that holds another modal than the one that is installed."""

    def make(version: str | None, code: str = "") -> Path:
        (tmp_path / "schedules").mkdir()
        (tmp_path / "reconciler.yaml").write_text("environments: {production: {modal: main}}\n")
        manifest = 'name: daily\nschedule: "0 6 * * *"\nfunction: shop/sync\n'
        (tmp_path / "schedules" / "daily.yaml").write_text(manifest)
        site = tmp_path / "site"
        (site / "modal").mkdir(parents=True)
        (site / "modal" / "__init__.py").write_text(code)
        if version is not None:
            (site / f"modal-{version}.dist-info").mkdir()
            metadata = f"Metadata-Version: 2.1\nName: modal\nVersion: {version}\n"
            (site / f"modal-{version}.dist-info" / "METADATA").write_text(metadata)
        return site

    return make


def call(site: Path, *command: str) -> tuple[int, str]:
    """Exit code and stderr of a command that finds its modal there first."""
    done = subprocess.run(
        [sys.executable, *command],
        cwd=site.parent,
        env={"PATH": os.environ["PATH"], "HOME": str(site), "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_names_a_modal_that_is_too_old(install: Install, command: str) -> None:
    code, said = call(install("1.5.5"), "-m", "reconciler", *command.split())
    assert code == 1
    assert said.splitlines() == [
        f"reconcile: needs modal>={least_modal()}, found 1.5.5",
        (
            "  Install it in reconcile's environment: "
            f"python -m pip install --upgrade 'modal>={least_modal()}'"
        ),
    ]


@pytest.mark.parametrize(
    "version", ["1.6.3", "1.6.4.dev3", "1.6.4rc1", "1.6", "0.77.0", "1.5.99", "odd"]
)
def test_whatever_comes_before_the_least_version_is_too_old(install: Install, version: str) -> None:
    code, said = call(install(version), "-m", "reconciler", "validate")
    assert (code, said.splitlines()[0]) == (
        1,
        f"reconcile: needs modal>={least_modal()}, found {version}",
    )


@pytest.mark.parametrize("version", [least_modal(), "1.6.4.post1", "1.7.0.dev1", "1.10", "2.0"])
def test_the_least_version_and_later_ones_are_accepted(install: Install, version: str) -> None:
    code, said = call(install(version), "-m", "reconciler", "validate")
    assert "needs modal" not in said
    assert code == 0


@pytest.mark.parametrize("version", ["1.6.4", None])
def test_a_modal_that_cannot_be_imported_is_named_with_its_place(
    install: Install, version: str | None
) -> None:
    site = install(version, "raise ImportError('no module named grpclib')")
    code, said = call(site, "-m", "reconciler", "history", "--env", "production")
    assert code == 1
    assert said.splitlines()[0].startswith(
        f"reconcile: needs modal>={least_modal()}, found one that cannot be imported (from {site}"
    )
    assert "defect" not in said


def test_the_engine_and_the_client_library_name_it_too(install: Install) -> None:
    site = install("1.5.5")
    code, said = call(site, "-m", "reconciler.engine", "serve")
    assert (code, said.splitlines()[0]) == (
        1,
        f"Error: needs modal>={least_modal()}, found 1.5.5",
    )
    code, said = call(site, "-c", "import reconciler.client")
    assert f"needs modal>={least_modal()}, found 1.5.5" in said


def test_the_least_version_is_that_of_the_packages_metadata() -> None:
    project = Path(__file__).parents[2] / "pyproject.toml"
    assert f'"modal>={least_modal()}"' in project.read_text()
