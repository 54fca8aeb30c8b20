"""The valid manifests of a repository."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.manifest.schedule import Schedule


@dataclass(frozen=True, slots=True)
class Manifests:
    """All manifests of a folder.

    Args:
        schedules: sorted by name; names are unique.
        files: the number of files read.
    """

    schedules: tuple[Schedule, ...]
    files: int

    def for_environment(self, name: str) -> tuple[Schedule, ...]:
        """The schedules that run in an environment, sorted by name."""
        return tuple(
            schedule
            for schedule in self.schedules
            if not schedule.environments or name in schedule.environments
        )
