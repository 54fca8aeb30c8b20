"""What a plan must not do unless somebody says so by name or number.

Each rule is a function of what is live and what would be; a refusal carries the exact way past it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from reconciler.errors import command_line
from reconciler.manifest import DeletionThreshold
from reconciler.plan.budget import Budget
from reconciler.plan.state import Actual
from reconciler.plan.tags import MANAGED_BY, MANAGED_TAG, REPOSITORY_TAG, tag_value


class Rule(StrEnum):
    """The safety rules."""

    FOREIGN_APP = "foreign-app"
    PROTECTED = "protected"
    DELETIONS = "deletions"
    BUDGET = "budget"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A rule that forbids a plan."""

    rule: Rule
    message: str
    remedy: str


def refuse_foreign_app(
    actual: Actual, app: str, repository: str, environment: str
) -> Iterator[Refusal]:
    """An app of our name that is not tagged as ours is somebody's; it would be overwritten."""
    if actual.own is None:
        return
    tags = actual.own.tags
    remedy = "set another `app:` in reconciler.yaml, or take it over: "
    if tags.get(MANAGED_TAG) != MANAGED_BY:
        yield Refusal(
            Rule.FOREIGN_APP,
            f"the app {app} is not managed by schedule-reconciler: it bears none of its tags",
            remedy + command_line("adopt", environment),
        )
    elif tags.get(REPOSITORY_TAG) != tag_value(repository):
        yield Refusal(
            Rule.FOREIGN_APP,
            f"the app {app} is managed from the repository {tags.get(REPOSITORY_TAG)}, "
            f"and this is {tag_value(repository)}",
            remedy + command_line(f"adopt --from {tags.get(REPOSITORY_TAG)}", environment),
        )


def refuse_protected(actual: Actual, desired: frozenset[str]) -> Iterator[Refusal]:
    """A protected schedule is not deleted, also when its manifest is simply gone."""
    for name in sorted(_protected(actual) - desired):
        yield Refusal(
            Rule.PROTECTED,
            f"{name} is protected and its manifest is gone",
            "restore the manifest; to delete it, apply it once with `protect: false`, then delete",
        )


def refuse_deletions(
    actual: Actual, desired: frozenset[str], threshold: DeletionThreshold, allowed: int
) -> Iterator[Refusal]:
    """More deletions than the threshold look like a mistake: a lost folder, a wrong branch.

    Args:
        allowed: how many deletions in all the command line allows.
    """
    live = _live_names(actual)
    deleted = len(live - desired)
    limit = max(threshold.least, len(live) * threshold.percent // 100, allowed)
    if deleted > limit:
        yield Refusal(
            Rule.DELETIONS,
            f"{deleted} of {len(live)} schedules would be deleted, more than {limit} "
            f"({threshold.percent} %, at least {threshold.least})",
            f"if that is meant, say --allow-deletes {deleted}",
        )


def refuse_no_budget(budget: Budget, needed: bool) -> Iterator[Refusal]:
    """Without a single cron nothing would ever wake."""
    if needed and budget.available == 0:
        holders = ", ".join(f"{cron.app}/{cron.function}" for cron in budget.foreign) or "nobody"
        held = len(budget.foreign)
        reserved = (
            f" and {budget.reserve} {_are(budget.reserve)} reserved" if budget.reserve else ""
        )
        yield Refusal(
            Rule.BUDGET,
            f"none of the {budget.limit} crons of this workspace is free: "
            f"{held} {_are(held)} held by {holders}{reserved}",
            "free one of them, or raise `crons:` in reconciler.yaml if the plan allows more",
        )


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def _live_names(actual: Actual) -> frozenset[str]:
    generations = [g for g in (actual.live, actual.applied) if g is not None]
    return frozenset(name for generation in generations for name in generation.by_name)


def _protected(actual: Actual) -> frozenset[str]:
    generations = [g for g in (actual.live, actual.applied) if g is not None]
    return frozenset(
        record.name for generation in generations for record in generation.records if record.protect
    )
