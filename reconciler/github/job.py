"""What a CI system's variables say to a job: GitHub Actions, GitLab CI and Buildkite."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reconciler.render.links import Links


def links() -> Links | None:
    """Addresses in the repository that the job runs for; None where they are not known."""
    name = os.environ.get("GITHUB_REPOSITORY")
    if name:
        address = f"{os.environ.get('GITHUB_SERVER_URL') or 'https://github.com'}/{name}"
        return Links(f"{address}/commit/", f"{address}/blob/")
    address = os.environ.get("CI_PROJECT_URL") or ""
    return Links(f"{address}/-/commit/", f"{address}/-/blob/") if address else None


def run_url() -> str | None:
    """Where the running job can be seen; None outside CI."""
    server, name, run = (
        os.environ.get(f"GITHUB_{key}") for key in ("SERVER_URL", "REPOSITORY", "RUN_ID")
    )
    if server and name and run:
        return f"{server}/{name}/actions/runs/{run}"
    return os.environ.get("CI_JOB_URL") or os.environ.get("BUILDKITE_BUILD_URL") or None


def actor() -> str | None:
    """Who caused the job, and where it runs; None outside CI."""
    for variable, system in _ACTORS.items():
        name = os.environ.get(variable)
        if name:
            return f"{name} ({system})"
    return None


_ACTORS = {
    "GITHUB_ACTOR": "GitHub Actions",
    "GITLAB_USER_LOGIN": "GitLab CI",
    "BUILDKITE_BUILD_CREATOR": "Buildkite",
}


def head_commit() -> str | None:
    """The pull request's own last commit; None when the job does not run for a pull request.

    The job checks out a merge that GitHub makes for the test and drops afterwards.
    """
    change = event().get("pull_request")
    head = change.get("head") if isinstance(change, Mapping) else None
    found = head.get("sha") if isinstance(head, Mapping) else None
    return found if isinstance(found, str) else os.environ.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA")


def pull_request() -> int | None:
    """The number of the pull request that the job runs for; None when there is none."""
    change = event().get("pull_request")
    number = change.get("number") if isinstance(change, Mapping) else None
    return number if isinstance(number, int) else None


def event() -> Mapping[str, Any]:
    """What GitHub says of the event that started the job; empty outside GitHub Actions."""
    try:
        found = json.loads(Path(os.environ["GITHUB_EVENT_PATH"]).read_bytes())
    except (KeyError, ValueError, OSError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
