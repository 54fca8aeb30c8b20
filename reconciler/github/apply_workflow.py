"""How a plan is applied: what the workflows of the checkout say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

WORKFLOWS = ".github/workflows"


def how_applied(top: Path, environment: str, folder: str) -> str | None:
    """A sentence about the workflow that applies an environment; None when none is found.

    Args:
        top: the repository's root.
        folder: of the settings file, relative to the root; `.` is the root.
    """
    for path in sorted((top / WORKFLOWS).glob("*.y*ml")):
        for job in _jobs(path):
            if _applies(job, environment, folder):
                return f"After the merge, {path.name} applies this plan{_approval(job)}."
    return None


def _jobs(path: Path) -> Iterator[Mapping[str, Any]]:
    """The jobs of a workflow; none of a file that is no workflow."""
    try:
        document = yaml.safe_load(path.read_bytes())
    except (OSError, yaml.YAMLError, ValueError, RecursionError):
        return
    jobs = document.get("jobs") if isinstance(document, dict) else None
    if isinstance(jobs, dict):
        yield from (job for job in jobs.values() if isinstance(job, dict))


def _applies(job: Mapping[str, Any], environment: str, folder: str) -> bool:
    """Whether a step of the job applies the environment of the folder, or what a matrix names."""
    steps = job.get("steps")
    for step in steps if isinstance(steps, list) else ():
        given = step.get("with") if isinstance(step, dict) else None
        if isinstance(given, dict) and given.get("command") == "apply":
            named = str(given.get("environment"))
            place = str(given.get("folder") or ".")
            if (named == environment or "${{" in named) and (
                "${{" in place or PurePosixPath(place) == PurePosixPath(folder)
            ):
                return True
    return False


def _approval(job: Mapping[str, Any]) -> str:
    protected = job.get("environment")
    if isinstance(protected, dict):
        protected = protected.get("name")
    if not isinstance(protected, str) or "${{" in protected:
        return ""
    return f", once the required reviewers of the GitHub environment {protected} approve it"
