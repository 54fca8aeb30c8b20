"""How a plan is applied, and by whose approval: what the checkout's workflows and GitHub say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, TypeAlias
from urllib.parse import quote

import yaml

from reconciler.github.api import GitHub

WORKFLOWS = ".github/workflows"

Reviewers: TypeAlias = Callable[[str], Sequence[str] | None]
"""The required reviewers of a GitHub environment, one of whom has to approve; none where it has
none, None where that is not known."""


def how_applied(top: Path, environment: str, folder: str, reviewers: Reviewers) -> str | None:
    """What applies an environment, and who has to approve; None when no workflow is found.

    Args:
        top: the repository's root.
        folder: of the settings file, relative to the root; `.` is the root.
    """
    for path in sorted((top / WORKFLOWS).glob("*.y*ml")):
        for job in _jobs(path):
            if _applies(job, environment, folder):
                return f"After the merge, {path.name} applies this plan{_approval(job, reviewers)}."
    return None


def required_reviewers(github: GitHub, environment: str) -> tuple[str, ...] | None:
    """See :data:`Reviewers`.

    Raises:
        ReconcileError: GitHub refuses, or does not answer.
    """
    found = github.get(f"environments/{quote(environment, safe='')}")
    rules = found.get("protection_rules")
    if not isinstance(rules, list):
        return None
    entries = [
        entry
        for rule in rules
        if isinstance(rule, Mapping) and rule.get("type") == "required_reviewers"
        for entry in rule.get("reviewers") or [None]
    ]
    names = tuple(map(_reviewer, entries))
    return None if None in names else tuple(name for name in names if name)


def _reviewer(entry: object) -> str | None:
    """`ada`, or `the team ops`; None of an account or team that is not known any more."""
    reviewer = entry.get("reviewer") if isinstance(entry, Mapping) else None
    if not isinstance(reviewer, Mapping):
        return None
    login, team = reviewer.get("login"), reviewer.get("slug") or reviewer.get("name")
    if isinstance(login, str):
        return login
    return f"the team {team}" if isinstance(team, str) else None


def _jobs(path: Path) -> Iterator[Mapping[str, Any]]:
    """The jobs of a workflow; none of a file that is not a workflow."""
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


def _approval(job: Mapping[str, Any], reviewers: Reviewers) -> str:
    named = job.get("environment")
    if isinstance(named, dict):
        named = named.get("name")
    if not isinstance(named, str) or "${{" in named:
        return ""
    found = reviewers(named)
    if found is None:
        return f"; required reviewers of the GitHub environment {named}, if any, approve it first"
    if not found:
        return f" without an approval: the GitHub environment {named} has no required reviewers"
    *others, last = found
    approving = f"{', '.join(others)} or {last}" if others else last
    return f", once {approving} approves it (GitHub environment {named})"
