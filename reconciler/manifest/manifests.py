"""The valid manifests of a repository."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from reconciler.manifest.code_reader import CodeReader
from reconciler.manifest.code_target import CodeTarget
from reconciler.manifest.document import Document
from reconciler.manifest.schedule import Schedule
from reconciler.manifest.settings import DEFAULTS, Settings


@dataclass(frozen=True, slots=True)
class Manifests:
    """All manifests of a folder.

    Args:
        schedules: sorted by name; names are unique.
        files: the number of files read.
        settings: of the repository.
        code: what reads the files of their code targets; None if these were not checked.
        documents: by the schedule's name, where rules need them; else empty.
    """

    schedules: tuple[Schedule, ...]
    files: int
    settings: Settings = DEFAULTS
    code: CodeReader | None = None
    documents: Mapping[str, Document] = field(default_factory=dict)

    def for_environment(self, name: str) -> tuple[Schedule, ...]:
        """The schedules that run in an environment, sorted by name; their code targets with its
        defaults."""
        defaults = self.settings.environment(name).defaults
        return tuple(
            replace(schedule, target=schedule.target.under(defaults))
            if isinstance(schedule.target, CodeTarget)
            else schedule
            for schedule in self.schedules
            if not schedule.environments or name in schedule.environments
        )
