"""A project in git."""

from __future__ import annotations

from dataclasses import dataclass

from tests.end_to_end.project import Project
from tests.github.repository import GitRepository


@dataclass(frozen=True)
class Team:
    """A project in git."""

    project: Project
    git: GitRepository

    def commit(self, *names: str) -> str:
        """Commit hourly schedules, these and no others."""
        self.git.hourly(*names)
        return self.git.commit()
