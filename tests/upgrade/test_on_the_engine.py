"""An installation of the previous version, upgraded, and taken back, on the embedded Modal."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.project import Done, Project
from tests.upgrade.previous import unpack

HOUR = "2036-12-01T{:02}:00Z"
MANIFESTS = """
name: hourly
schedule: "0 * * * *"
function: shop/sync
args: {occurrence: "${occurrence.id}"}
---
name: kept
schedule: "0 * * * *"
function: shop/sync
args: {occurrence: "${occurrence.id}"}
protect: true
---
name: morning
schedule: "0 9 * * *"
timezone: America/New_York
function: shop/sync
args: {occurrence: "${occurrence.id}"}
---
name: once
schedule: "0 * * * *"
function: shop/sync
args: {occurrence: "${occurrence.id}"}
delivery: at-most-once
overlap: skip
retries: {max: 1, backoff: 1s}
"""
HOURLY = ("hourly", "kept", "once")


@dataclass(frozen=True)
class Installation:
    """A clone whose schedules are applied by either version."""

    project: Project
    previous_code: Path

    def git(self, *arguments: str) -> None:
        """Run git in the clone."""
        identity = ("-c", "user.name=dev", "-c", "user.email=dev@example.org")
        subprocess.run(
            ["git", *identity, *arguments], cwd=self.project.root, check=True, capture_output=True
        )

    def previous(self, *arguments: str) -> Done:
        """Run the previous version's command line."""
        done = subprocess.run(
            [sys.executable, "-m", "reconciler.cli", *arguments],
            cwd=self.project.root,
            env=self.project.environment(PYTHONPATH=str(self.previous_code)),
            capture_output=True,
            text=True,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def current(self, *arguments: str) -> Done:
        """Run this version's command line."""
        return self.project.reconcile(*arguments)


@pytest.fixture
def installation(project: Project, tmp_path: Path) -> Installation:
    """The previous version has applied and served two hours."""
    found = Installation(project, tmp_path)
    unpack(tmp_path)
    project.write("all.yaml", MANIFESTS)
    (project.root / ".gitignore").write_text(".reconciler/\n")
    found.git("init", "-b", "main")
    found.git("remote", "add", "origin", "https://github.com/acme/jobs.git")
    found.git("add", "--all")
    found.git("commit", "-m", "Add schedules")
    succeeded(found.previous("--yes"))
    for hour in (8, 9):
        succeeded(found.previous("wake", "--at", HOUR.format(hour), "--wait"))
    return found


def succeeded(done: Done) -> Done:
    """The command, which has to end well."""
    assert done.code == 0, done.out + done.err
    return done


def planned(done: Done) -> list[tuple[str, str, str]]:
    """What a plan would change, drift included."""
    plan: dict[str, Any] = done.json
    return [(c["action"], c["kind"], c["name"]) for c in (*plan["changes"], *plan["drift"])]


def test_an_upgrade_and_the_way_back_lose_double_and_delete_nothing(
    installation: Installation,
) -> None:
    current, previous = installation.current, installation.previous

    upgrade = planned(current("--dry-run", "--format", "json"))
    assert ("update", "app", "schedule-reconciler") in upgrade
    assert {action for action, _kind, _name in upgrade} <= {"update"}, "nothing comes or goes"
    assert "schedule" not in {kind for _action, kind, _name in upgrade}
    succeeded(current("--yes"))
    assert planned(current("--dry-run", "--format", "json")) == []
    for hour in (9, 10):
        succeeded(current("wake", "--at", HOUR.format(hour), "--wait"))

    back = planned(previous("--dry-run", "--format", "json"))
    assert {action for action, _kind, _name in back} <= {"update", "repair"}
    assert "schedule" not in {kind for _action, kind, _name in back}
    succeeded(previous("--yes"))
    for hour in (10, 11):
        succeeded(previous("wake", "--at", HOUR.format(hour), "--wait"))

    succeeded(current("--yes"))
    for hour in (11, 14):
        succeeded(current("wake", "--at", HOUR.format(hour), "--wait"))

    expected = [f"{name}@{HOUR.format(hour)}" for name in HOURLY for hour in (8, 9, 10, 11, 14)]
    expected.append(f"morning@{HOUR.format(14)}")
    assert installation.project.marks() == sorted(expected), "each ran, and ran once"
    assert len(current("history", "--format", "json").json["applies"]) == 4
    runs = current("runs", "--count", "100", "--format", "json").json["runs"]
    assert {run["state"] for run in runs} == {"succeeded"}
    assert len(runs) == len(expected)
