"""How many crons we may deploy, and who holds the rest. The limit is the workspace's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from reconciler.manifest import EnvironmentSettings
from reconciler.plan.state import Actual, DeployedCron

KEPT: Final = 1
"""Crons that an app which holds any may keep, however far others have gone beyond the budget: with
none nothing would wake, and no change that makes it hold fewer could be applied."""


@dataclass(frozen=True, slots=True)
class Budget:
    """The crons of the workspace.

    Attributes:
        limit: what the plan of the workspace allows, None without limit.
        foreign: the crons that others hold.
        reserve: how many more stay free for others.
        used: how many the planned slots take.
        held: how many we hold before the plan.
    """

    limit: int | None
    foreign: tuple[DeployedCron, ...]
    reserve: int
    used: int
    held: int = 0

    @property
    def left(self) -> int | None:
        """What others and the reserve leave of the limit, never below zero; None without limit."""
        return left_of(self.limit, len(self.foreign), self.reserve)

    @property
    def available(self) -> int | None:
        """How many we may deploy at most, None without limit."""
        return None if self.left is None else max(self.left, min(self.held, KEPT))

    @property
    def exceeded(self) -> bool:
        """Whether the planned slots are more than is left: one is kept all the same."""
        return self.left is not None and self.used > self.left


def left_of(limit: int | None, foreign: int, reserve: int) -> int | None:
    """What others and the reserve leave of the limit, never below zero."""
    return None if limit is None else max(0, limit - foreign - reserve)


def budget_for(settings: EnvironmentSettings, actual: Actual) -> Budget:
    """The budget before anything is packed into it."""
    held = 0 if actual.own is None else len(actual.own.slots)
    return Budget(settings.crons, actual.foreign, settings.reserve, 0, held)
