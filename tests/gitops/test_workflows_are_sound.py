"""The workflows and scripts under the tools that check such things."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.gitops.runner import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ACTION = ROOT / "action.yml"


def check(*command: str) -> None:
    tools = Path(sys.executable).parent
    done = subprocess.run(
        [str(tools / command[0]), *command[1:]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_zizmor_finds_nothing_as_an_auditor() -> None:
    check("zizmor", "--offline", "--persona", "auditor", ".github", "action.yml")


def test_the_action_has_the_shape_of_an_action() -> None:
    check("check-jsonschema", "--builtin-schema", "vendor.github-actions", "action.yml")


def test_shellcheck_finds_nothing_in_scripts_and_run_blocks(tmp_path: Path) -> None:
    steps = list(yaml.safe_load(ACTION.read_text())["runs"]["steps"])
    for path in WORKFLOWS:
        for job in yaml.safe_load(path.read_text())["jobs"].values():
            steps += job["steps"]
    scripts = [str(ROOT / ".ci" / "run")]
    for number, block in enumerate(step["run"] for step in steps if "run" in step):
        script = tmp_path / f"block-{number}.sh"
        script.write_text(f"#!/usr/bin/env bash\nset -eo pipefail\n{block}")
        scripts.append(str(script))
    assert len(scripts) > 5
    check("shellcheck", "--enable", "require-double-brackets,quote-safe-variables", *scripts)


def test_actionlint_finds_nothing() -> None:
    actionlint = shutil.which("actionlint")
    if actionlint is None and os.environ.get("GITHUB_ACTIONS") != "true":
        pytest.skip("actionlint is no Python package with a binary; CI installs it and requires it")
    assert actionlint is not None, "ci.yml installs it"
    # It does not know yet that `$/` is an action of the same repository at the same commit.
    command = [actionlint, "-shellcheck=", "-pyflakes=", "-ignore", r'specifying action "\$/']
    command += map(str, WORKFLOWS)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", [*WORKFLOWS, ACTION], ids=lambda path: path.name)
def test_actions_are_pinned_by_their_full_commit(path: Path) -> None:
    for line in path.read_text().splitlines():
        _, found, used = line.partition("uses: ")
        if found and used != "$/":
            reference = used.partition("@")[2]
            commit, _, version = reference.partition(" # ")
            assert len(commit) == 40, line
            assert version.startswith("v"), "the version is named beside it"
