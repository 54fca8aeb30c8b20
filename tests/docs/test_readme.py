"""What a newcomer types first is true: the README's commands are run, in their order."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import replace

import pytest

from reconciler.cli.options.parser import parser
from tests.docs.conftest import Place
from tests.docs.console import shown_in
from tests.github.runner import ROOT

README = ROOT / "README.md"
_CODE = re.compile(r"`([^`]+)`")
_DIFFERS = re.compile(r"\b[0-9a-f]{12}\b|\d{4}-\d\d-\d\dT[\d:]+Z")
"""What differs from run to run: ids and times."""


def test_the_first_run_is_as_shown(place: Place) -> None:
    *first, _plan = shown_in(README)
    for shown in first:
        if shown.command == "reconcile runs":
            place.project.reconcile("wake", "--at", "2036-12-01T09:00Z", "--wait")  # for its cron
        shown.run(place.project.root, place.environment)


def test_every_command_that_the_table_names_exists() -> None:
    table = README.read_text(encoding="utf-8").partition("## Every day")[2].partition("Exit")[0]
    named = [text.removeprefix("reconcile ").split() for text in _CODE.findall(table)]
    for command, *_ in named:
        if not command.startswith("--"):
            with pytest.raises(SystemExit) as done:
                parser().parse_args([command, "--help"])
            assert done.value.code == 0, command


def test_the_plan_that_is_shown_is_the_one_that_it_prints(place: Place) -> None:
    root = place.project.root
    for name in ("schedules", "examples"):
        shutil.copytree(ROOT / name, root / name)
    shutil.copy(ROOT / "reconciler.yaml", root)
    modal = place.project.engine.modal
    modal("environment", "create", "production")
    for app in ("analytics", "operations", "reports"):
        modal("deploy", "--env", "production", str(root / "examples" / f"{app}.py"))
    place.git.commit()
    place.project.applied("--env", "production", **place.environment)
    manifest = root / "schedules" / "analytics.yaml"
    manifest.write_text(manifest.read_text().replace('"0 6 * * *"', '"0 7 * * *"', 1))
    place.git.commit()
    *_, shown = shown_in(README)
    like = tuple(_DIFFERS.sub("…", line) for line in shown.output)
    replace(shown, output=like).run(root, place.environment)


def test_the_demo_goes_through() -> None:
    done = subprocess.run(
        ["make", "demo"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", str(ROOT))},
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    fired = done.stdout.partition("What the engine prints then:")[2]
    assert "schedule-reconciler/heartbeat  fires" in fired
    assert "explain heartbeat" in fired
