"""How many crons we may deploy, and who holds the rest. The limit is the workspace's."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.manifest import EnvironmentSettings
from reconciler.plan.state import DeployedCron


@dataclass(frozen=True, slots=True)
class Budget:
    """The crons of the workspace.

    Attributes:
        limit: what the plan of the workspace allows, None without limit.
        foreign: the crons that others hold.
        reserve: how many more stay free for others.
        used: how many the planned slots take.
    """

    limit: int | None
    foreign: tuple[DeployedCron, ...]
    reserve: int
    used: int

    @property
    def available(self) -> int | None:
        """How many we may deploy at most, None without limit."""
        return available_crons(self.limit, len(self.foreign), self.reserve)


def available_crons(limit: int | None, foreign: int, reserve: int) -> int | None:
    """What others and the reserve leave of the limit, never below zero."""
    return None if limit is None else max(0, limit - foreign - reserve)


def budget_for(settings: EnvironmentSettings, foreign: tuple[DeployedCron, ...]) -> Budget:
    """The budget before anything is packed into it."""
    return Budget(settings.crons, foreign, settings.reserve, 0)
