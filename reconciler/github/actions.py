"""What GitHub Actions tells a job about itself, by its variables."""

from __future__ import annotations

import os


def repository_url() -> str | None:
    """The address of the repository that the job runs for; None outside GitHub Actions."""
    server = os.environ.get("GITHUB_SERVER_URL")
    repository = os.environ.get("GITHUB_REPOSITORY")
    return f"{server}/{repository}" if server and repository else None


def run_url() -> str | None:
    """Where the running job can be seen; None outside GitHub Actions."""
    repository, run = repository_url(), os.environ.get("GITHUB_RUN_ID")
    return f"{repository}/actions/runs/{run}" if repository and run else None
