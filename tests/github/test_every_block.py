"""Every ``run:`` block of the action and of the workflows, on machines that pip really installs on.

The action is installed as GitHub's runner does it: from the files of its commit, into a Python that
knows nothing of it. What the other blocks call is what was installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.github.ci import Ci
from tests.github.runner import ACTION, ROOT, JobResult, Runner

NETWORK = ("PIP_", "SSL_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "UV_", "http", "no_proxy")
"""How the variables begin that lead pip and uv of this machine to their packages."""
ONE_TEST = "tests/github/test_annotations.py"


def blocks() -> Iterator[str]:
    """Every block that there is."""
    documents = [yaml.safe_load(path.read_text()) for path in sorted(ROOT.glob(".github/*/*.yml"))]
    jobs: list[dict[str, Any]] = [job for found in documents for job in found["jobs"].values()]
    jobs.append(yaml.safe_load((ROOT / ACTION).read_text())["runs"])
    return (step["run"] for job in jobs for step in job["steps"] if "run" in step)


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """A Python that holds nothing but pip."""
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "python")], check=True)
    return tmp_path / "python" / "bin" / "python"


@pytest.fixture
def action(tmp_path: Path) -> Path:
    """The action's files as a runner unpacks them: what is in git, and nothing built from it."""
    left_out = shutil.ignore_patterns(".*", "build", "*.egg-info", "__pycache__", "node_modules")
    return Path(shutil.copytree(ROOT, tmp_path / "action", ignore=left_out))


@pytest.mark.timeout(900)  # it installs from the registry, and runs CI's own block
def test_every_block_runs_as_github_would_run_it(ci: Ci, python: Path, action: Path) -> None:
    ran: list[JobResult] = []

    def run(machine: Runner, workflow: str, legs: int | None = None) -> None:
        text = (ROOT / ".github" / "workflows" / workflow).read_text()
        jobs = replace(machine, python=python, action=action).run_text(text, legs=legs)
        assert jobs
        for job in (leg for legs_of_job in jobs.values() for leg in legs_of_job):
            assert job.succeeded, job.output
            ran.append(job)

    ci.branch("a", "b", "c")
    run(on_a_fresh_machine(ci.pull_request()), "plan.yml")
    ci.merge()
    run(ci.runner("push"), "apply.yml")
    run(ci.runner("schedule"), "drift.yml")
    run(on_this_tree(ci.runner("push")), "ci.yml", legs=1)
    run(on_a_tag(on_this_tree(ci.runner("push")), action), "release.yml")

    assert {step.block for job in ran for step in job.steps} == set(blocks())
    assert ci.live() == ["a", "b", "c"]
    same = ci.by_hand("--dry-run").out
    assert "Nothing to do" in same, "what pip installed deploys the dispatcher that the tree has"


def on_a_fresh_machine(machine: Runner) -> Runner:
    """Pip has nothing yet but its cache, and finds its packages as it does here."""
    return replace(machine, pip=True, variables={**machine.variables, **network()})


def network() -> dict[str, str]:
    """The variables by which this machine finds packages, and those that it has already."""
    found = {key: value for key, value in os.environ.items() if key.startswith(NETWORK)}
    cache = os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))
    return {**found, "XDG_CACHE_HOME": cache}


def on_a_tag(machine: Runner, copy: Path) -> Runner:
    """The checkout is a copy of the tree, which a build may write into, with what is installed."""
    for installed in (".venv", "tests/node/node_modules"):
        (copy / installed).symlink_to(ROOT / installed)
    version = tomllib.loads((copy / "pyproject.toml").read_text())["project"]["version"]
    tag = {"ref": f"refs/tags/v{version}", "ref_name": f"v{version}"}
    variables = {**machine.variables, **network()}
    return replace(machine, clone=copy, github={**machine.github, **tag}, variables=variables)


def on_this_tree(machine: Runner) -> Runner:
    """The checkout is the tree that is tested.

    Of its tests, one file, in one worker: this test is among them. Without the static checks: the
    run that this one is part of begins with them.
    """
    without = {"PYTEST_ADDOPTS": ONE_TEST, "MAKEFLAGS": "CHECKS= WORKERS=0"}
    return replace(machine, clone=ROOT, variables=without)
