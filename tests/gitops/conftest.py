"""Projects that are git repositories, each with an engine of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.end_to_end.conftest import make_project
from tests.end_to_end.project import Project
from tests.gitops.repository import GitRepository

__all__ = ["make_project", "team"]


@dataclass(frozen=True)
class Team:
    """A project in git."""

    project: Project
    git: GitRepository

    def commit(self, *names: str) -> str:
        """Commit hourly schedules, these and no others."""
        self.git.hourly(*names)
        return self.git.commit()


@pytest.fixture
def team(make_project: Callable[..., Project]) -> Team:
    """A project in git on branch main, with nothing applied."""
    project = make_project()
    git = GitRepository.create(project.root)
    git.write(".gitignore", ".reconciler/\n")
    return Team(project, git)
