"""A repository on a laptop with Modal's token, in which a page's commands are run."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.end_to_end.conftest import make_project
from tests.end_to_end.project import Project
from tests.forked import write_command
from tests.github.fake_github import FakeGitHub, serving
from tests.github.repository import IDENTITY, GitRepository

__all__ = ["make_project", "place"]

JOBS = Path(__file__).with_name("jobs.py")


@dataclass(frozen=True)
class Place:
    """Where a page's commands run.

    Attributes:
        tools: a folder with ``reconcile``.
    """

    project: Project
    git: GitRepository
    github: FakeGitHub
    tools: Path

    @property
    def environment(self) -> dict[str, str]:
        """Of a shell with git's identity, Modal's token and what GitHub Actions sets."""
        return {
            "PATH": f"{self.tools}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(self.project.root),
            "USER": "dev",
            **IDENTITY,
            **self.project.engine.record.variables,
            "GITHUB_API_URL": self.github.url,
            "GITHUB_REPOSITORY": "acme/jobs",
            "GITHUB_TOKEN": "job-token",
        }


@pytest.fixture
def place(make_project: Callable[..., Project], tmp_path: Path) -> Iterator[Place]:
    """An empty repository on branch main; the functions that schedules call are deployed."""
    project = make_project()
    project.engine.modal("deploy", str(JOBS))
    (project.root / "schedules").rmdir()
    write_command(tmp_path / "reconcile")
    with serving() as github:
        yield Place(project, GitRepository.create(project.root), github, tmp_path)
