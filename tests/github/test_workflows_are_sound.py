"""What actionlint and its like find in scripts, and in the workflows that ``init`` writes.

``make lint`` runs actionlint and zizmor over this repository's own workflows.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from reconciler.importers.new_repository import starter_files, write_missing
from tests.github.repository import GitRepository
from tests.github.runner import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ACTION = ROOT / "action.yml"


TOOLS = Path(sys.executable).parent


def check(*command: str, root: Path = ROOT) -> None:
    done = subprocess.run(
        [str(TOOLS / command[0]), *command[1:]],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def actionlint(root: Path) -> None:
    """Check all workflows of a repository."""
    check("actionlint", "-shellcheck", str(TOOLS / "shellcheck"), "-pyflakes=", root=root)


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


def test_a_workflow_that_gives_the_action_a_wrong_input_is_found(tmp_path: Path) -> None:
    wrong = (ROOT / ".github/workflows/drift.yml").read_text().replace("command:", "comand:")
    (tmp_path / "action.yml").write_text(ACTION.read_text())
    repository = GitRepository.create(tmp_path)
    repository.write(".github/workflows/drift.yml", wrong)
    with pytest.raises(AssertionError, match='input "comand" is not defined in action'):
        actionlint(tmp_path)


def test_what_init_writes_into_another_repository_is_as_sound(tmp_path: Path) -> None:
    GitRepository.create(tmp_path)
    for found in starter_files("production", f"acme/schedule-reconciler@{'0' * 40}"):
        write_missing(tmp_path, found)
    workflows = sorted(map(str, (tmp_path / ".github" / "workflows").iterdir()))
    assert len(workflows) == 3
    actionlint(tmp_path)
    check("zizmor", "--offline", "--persona", "auditor", *workflows)
    check("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows)


@pytest.mark.parametrize("path", [*WORKFLOWS, ACTION], ids=lambda path: path.name)
def test_actions_are_pinned_by_their_full_commit(path: Path) -> None:
    for line in path.read_text().splitlines():
        _, found, used = line.partition("uses: ")
        if found and used != "./":
            reference = used.partition("@")[2]
            commit, _, version = reference.partition(" # ")
            assert len(commit) == 40, line
            assert version.startswith("v"), "the version is named beside it"
