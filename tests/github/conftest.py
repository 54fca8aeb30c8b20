"""Projects that are git repositories, each with an engine of its own; and their GitHub."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.end_to_end.conftest import make_project
from tests.end_to_end.project import Project
from tests.github.ci import Ci
from tests.github.fake_github import serving
from tests.github.repository import GitRepository
from tests.github.team import Team

__all__ = ["ci", "make_project", "team"]


@pytest.fixture
def team(make_project: Callable[..., Project]) -> Team:
    """A project in git on branch main, with nothing applied."""
    project = make_project()
    git = GitRepository.create(project.root)
    git.write(".gitignore", ".reconciler/\n")
    return Team(project, git)


@pytest.fixture
def ci(team: Team, tmp_path: Path) -> Iterator[Ci]:
    """A team with `a` and `b` applied to production."""
    team.git.write("reconciler.yaml", "environments: {production: {modal: main}}\n")
    team.git.git("remote", "add", "origin", "https://git.example/acme/jobs.git")
    team.commit("a", "b")
    with serving() as github:
        made = Ci(team, github, tmp_path / "runner")
        applied = made.by_hand("--yes")
        assert applied.code == 0, applied.err
        yield made


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    """Manifests of two teams, and settings, all committed."""
    made = GitRepository.create(tmp_path / "origin")
    for name in ("team1/a", "team2/b"):
        made.write(f"schedules/{name}.yaml", f"name: {name[-1]}\n")
    made.write("reconciler.yaml", "app: mine\n")
    made.commit()
    return made
