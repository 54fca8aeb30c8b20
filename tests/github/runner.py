"""Runs a workflow's jobs as GitHub's runner would: every ``run:`` block by bash, in a clone.

What comes from elsewhere is replaced: a checkout is a clone that is already there, artifacts are a
folder, Python is the one that runs the tests, which has all that pip would install, and
``reconcile`` is a fork of a process that has imported it, unless a test gives the machine another
Python.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import yaml

from tests.forked import write_command
from tests.github.expressions import interpolate, is_met

ROOT = Path(__file__).parents[2]
ACTION = "action.yml"
OURS = ("./", "acme/schedule-reconciler@")
PATIENCE = 280
"""Seconds that one block may take."""
PYTHON = """#!/bin/sh
# The package under test is installed already: pip is only asked whether it would find everything.
case "$*" in
  "-I -m pip install --quiet --disable-pip-version-check --require-hashes --requirement "*)
    test -f "$9";;
  "-I -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation "*)
    test -f "$9/pyproject.toml";;
  *) exec "$REAL_PYTHON" "$@";;
esac
"""


@dataclass
class StepResult:
    """What became of one ``run:`` block."""

    name: str
    block: str
    code: int
    output: str


@dataclass
class JobResult:
    """What became of a job."""

    steps: list[StepResult] = field(default_factory=list)
    summary: str = ""
    outputs: dict[str, str] = field(default_factory=dict)

    @property
    def succeeded(self) -> bool:
        """Whether no step failed."""
        return all(step.code == 0 for step in self.steps)

    @property
    def output(self) -> str:
        """What all steps printed."""
        return "".join(step.output for step in self.steps)

    def ran(self) -> list[str]:
        """The names of the blocks that ran."""
        return [step.name for step in self.steps]


@dataclass
class Runner:
    """A machine on which jobs run.

    Attributes:
        clone: what is checked out.
        temporary: for what the runner keeps beside it.
        event: the event's payload.
        github: the ``github`` context beside ``event``.
        variables: what a job's environment has beside what the runner sets.
        secrets: by name; empty for pull requests from forks.
        python: what ``actions/setup-python`` set up.
        pip: whether pip installs what it is told to, and not only looks whether it is there.
        action: where the runner unpacked the action.
        cancelled_in: the block during which the job is cancelled.
    """

    clone: Path
    temporary: Path
    event: Mapping[str, Any]
    github: Mapping[str, str]
    variables: Mapping[str, str]
    secrets: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    python: Path = Path(sys.executable)
    pip: bool = False
    action: Path = ROOT
    cancelled_in: str | None = None

    def run(
        self, workflow: str, after_job: Callable[[str], None] = lambda _: None
    ) -> dict[str, JobResult]:
        """Run the jobs of a workflow in their order; those whose condition is not met are left out.

        Args:
            after_job: is told each job that has ended; time for something else to happen.
        """
        text = (ROOT / ".github" / "workflows" / workflow).read_text()
        done = self.run_text(text, lambda name, _: after_job(name))
        return {name: legs[0] for name, legs in done.items()}

    def run_text(
        self,
        workflow: str,
        after_leg: Callable[[str, JobResult], None] = lambda *_: None,
        legs: int | None = None,
    ) -> dict[str, list[JobResult]]:
        """Run the jobs of a workflow that is given as text; a job has a result for each leg.

        Args:
            legs: how many legs of each job's matrix run; None for all.
        """
        done: dict[str, list[JobResult]] = {}
        for name, job in yaml.safe_load(workflow)["jobs"].items():
            needed = {need: done.get(need, []) for need in _list(job.get("needs"))}
            failed = not all(leg.succeeded for legs in needed.values() for leg in legs)
            needs = {need: {"outputs": legs[-1].outputs} for need, legs in needed.items() if legs}
            for leg in job.get("strategy", {}).get("matrix", {}).get("include", [{}])[:legs]:
                contexts = self._contexts(inputs=self.inputs, needs=needs, matrix=leg)
                if is_met(job.get("if"), contexts, failed=failed):
                    result = self._job(job, contexts)
                    done.setdefault(name, []).append(result)
                    after_leg(name, result)
        return done

    def _job(self, job: Mapping[str, Any], contexts: dict[str, Any]) -> JobResult:
        folder = self.temporary / uuid4().hex
        folder.mkdir(parents=True)
        contexts = {**contexts, "runner": {"temp": str(folder)}, "steps": {}}
        contexts["job"] = {"status": "success"}
        result = JobResult()
        self._steps(job["steps"], contexts, {}, folder, result)
        for name, text in job.get("outputs", {}).items():
            result.outputs[name] = interpolate(text, contexts)
        return result

    def _steps(
        self,
        steps: list[dict[str, Any]],
        contexts: dict[str, Any],
        inherited: Mapping[str, str],
        folder: Path,
        result: JobResult,
    ) -> None:
        for step in steps:
            if not is_met(step.get("if"), contexts, failed=not result.succeeded):
                continue
            given = {k: interpolate(str(v), contexts) for k, v in step.get("env", {}).items()}
            variables = {**inherited, **given}
            outputs: dict[str, str] = {}
            before = len(result.steps)
            if "run" in step:
                where = interpolate(step.get("working-directory", "."), contexts)
                outputs = self._run(step, variables, folder, result, self.clone / where)
            elif step["uses"].startswith(OURS):
                outputs = self._action(step, contexts, variables, folder, result)
            else:
                self._foreign(step, contexts)
            outcome = "failure" if any(one.code for one in result.steps[before:]) else "success"
            if step.get("name") == self.cancelled_in:
                outcome = "cancelled"
            if outcome != "success" and contexts["job"]["status"] != "cancelled":
                contexts["job"]["status"] = outcome
            if "id" in step:
                contexts["steps"][step["id"]] = {"outputs": outputs, "outcome": outcome}

    def _action(
        self,
        step: Mapping[str, Any],
        contexts: dict[str, Any],
        variables: Mapping[str, str],
        folder: Path,
        result: JobResult,
    ) -> dict[str, str]:
        action = yaml.safe_load((ROOT / ACTION).read_text())
        inner: dict[str, Any] = {**contexts, "steps": {}}
        given = {k: interpolate(str(v), contexts) for k, v in step.get("with", {}).items()}
        inner["inputs"] = {
            name: given.get(name) or interpolate(str(spec.get("default", "")), contexts)
            for name, spec in action["inputs"].items()
        }
        assert given.keys() <= action["inputs"].keys()
        self._steps(action["runs"]["steps"], inner, variables, folder, result)
        return {k: interpolate(v["value"], inner) for k, v in action["outputs"].items()}

    def _run(
        self,
        step: Mapping[str, Any],
        variables: Mapping[str, str],
        folder: Path,
        result: JobResult,
        where: Path,
    ) -> dict[str, str]:
        script, summary, output, event = (
            folder / f"{uuid4().hex}-{name}" for name in ("script", "summary", "output", "event")
        )
        # As the runner does it: the block is filled in as text, then run. Ours fill in nothing.
        assert "${{" not in step["run"], "values reach a script by env: alone"
        script.write_text(step["run"])
        event.write_text(json.dumps(self.event))
        summary.touch()
        output.touch()
        path = [str(self.python.parent), os.environ["PATH"]]
        if not self.pip:
            tools = folder / "tools"
            tools.mkdir(exist_ok=True)
            (tools / "python").write_text(PYTHON)
            (tools / "python").chmod(0o755)
            if self.python == Path(sys.executable):
                write_command(tools / "reconcile")
            path.insert(0, str(tools))
        name, block = step.get("name", "run"), step["run"]
        shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)]
        if name == self.cancelled_in:  # by a signal, as soon as it has begun
            shell = ["timeout", "--signal", "INT", "0.01", *shell]
        done = subprocess.run(
            shell,
            cwd=where,
            env={
                "PATH": ":".join(path),
                "REAL_PYTHON": str(self.python),
                "HOME": str(folder),
                "CI": "true",
                "GITHUB_ACTIONS": "true",
                "GITHUB_ACTION_PATH": str(self.action),
                "GITHUB_EVENT_PATH": str(event),
                "GITHUB_STEP_SUMMARY": str(summary),
                "GITHUB_OUTPUT": str(output),
                "GITHUB_WORKSPACE": str(self.clone),
                "RUNNER_TEMP": str(folder),
                **{f"GITHUB_{key.upper()}": value for key, value in self.github.items()},
                **self.variables,
                **variables,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        result.steps.append(StepResult(name, block, done.returncode, done.stdout))
        result.summary += summary.read_text()
        return dict(line.split("=", 1) for line in output.read_text().splitlines())

    def _foreign(self, step: Mapping[str, Any], contexts: Mapping[str, Any]) -> None:
        name = step["uses"].partition("@")[0]
        given = {k: interpolate(str(v), contexts) for k, v in step.get("with", {}).items()}
        kept = self.temporary / "artifacts" / given.get("name", "")
        if name == "actions/upload-artifact":
            kept.mkdir(parents=True, exist_ok=True)
            for path in (self.clone / path for path in given["path"].split()):
                if path.is_dir():
                    shutil.copytree(path, kept, dirs_exist_ok=True)
                elif path.exists():
                    shutil.copy(path, kept)
        elif name == "actions/download-artifact":
            shutil.copytree(kept, self.clone / given["path"], dirs_exist_ok=True)
        elif name == "pypa/gh-action-pypi-publish":
            assert {path.suffix for path in self.clone.glob("dist/[!.]*")} == {".gz", ".whl"}
        else:
            assert name in {"actions/checkout", "actions/setup-python"}, name

    def _contexts(self, **more: Any) -> dict[str, Any]:
        github = {**self.github, "event": self.event, "token": "job-token"}
        return {"github": github, "secrets": self.secrets, **more}


def _list(value: str | list[str] | None) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else value
