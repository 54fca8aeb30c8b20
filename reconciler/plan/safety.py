"""What a plan must not do unless a person allows it by name or number.

Each rule is a function of what is live and what would be; a refusal carries the exact way past it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum

from reconciler.manifest import DeletionThreshold
from reconciler.plan.budget import Budget
from reconciler.plan.ownership import Stranger, judge_owner, remedy_of
from reconciler.plan.state import Actual, Desired
from reconciler.plan.tags import PROTECTED_TAG, protected_digest


class SafetyRule(StrEnum):
    """The safety rules."""

    FOREIGN_APP = "foreign-app"
    PROTECTED = "protected"
    DELETIONS = "deletions"
    BUDGET = "budget"
    OLDER_TZ = "older-tz"
    CRON_DIALECT = "cron-dialect"
    CLOUDFLARE = "cloudflare"
    POLICY = "policy"
    """The repository's own rules, in `rules/`."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A rule that forbids a plan."""

    rule: SafetyRule
    message: str
    remedy: str


def refuse_foreign_app(actual: Actual, desired: Desired) -> Iterator[Refusal]:
    """An app that is not ours would be overwritten, and its schedules deleted."""
    verdict = judge_owner(actual, desired)
    if isinstance(verdict, Stranger):
        remedy = remedy_of(verdict, desired.settings.name)
        yield Refusal(SafetyRule.FOREIGN_APP, verdict.message, remedy)


def refuse_protected(
    actual: Actual, desired: frozenset[str], protected: Collection[str], allowed: int
) -> Iterator[Refusal]:
    """A protected schedule is not deleted, also when its manifest is simply gone.

    Args:
        desired: the names in git, old ones included.
        protected: those of them that are protected.
        allowed: how many deletions are allowed by number.
    """
    if actual.protected is None:
        yield from _refuse_unknown(actual, desired, protected, allowed)
        return
    for name in sorted(actual.protected - desired):
        yield Refusal(
            SafetyRule.PROTECTED,
            f"{name} is protected and its manifest is gone",
            "restore the manifest; to delete it, apply it once with `protect: false`, then delete",
        )


def _refuse_unknown(
    actual: Actual, desired: frozenset[str], protected: Collection[str], allowed: int
) -> Iterator[Refusal]:
    """What is protected cannot be read: then nothing is deleted by being left out."""
    tag = None if actual.own is None else actual.own.tags.get(PROTECTED_TAG)
    if tag is not None and tag == protected_digest(protected):
        return
    needed = max(1, len(actual.live_names - desired), _fewer(actual, desired))
    if allowed >= needed:
        return
    number = "some" if tag is None else tag.partition("-")[0]
    yield Refusal(
        SafetyRule.PROTECTED,
        f"the names of the protected schedules can no longer be read ({number} may be protected, "
        f"and git protects {len(protected)}): a protected one that is missing in git would be "
        "deleted",
        "compare the manifests with what should run and restore what is missing; if nothing is "
        f"missing, pass --allow-deletes {needed}",
    )


def refuse_deletions(
    actual: Actual, desired: frozenset[str], threshold: DeletionThreshold, allowed: int
) -> Iterator[Refusal]:
    """More deletions than the threshold look like a mistake: a lost folder, a wrong branch.

    Without a single schedule in git the threshold does not hold: an empty folder deletes only what
    the command line allows by number.

    Args:
        desired: the names in git, old ones included.
        allowed: how many deletions in all the command line allows; 0 when it says nothing.
    """
    live = max(len(actual.live_names), _were_live(actual))
    deleted = max(len(actual.live_names - desired), _fewer(actual, desired))
    if allowed and not desired:
        if deleted > allowed:
            yield Refusal(
                SafetyRule.DELETIONS,
                f"no schedule is left in git: {deleted} would be deleted, and --allow-deletes "
                f"allows {allowed}",
                f"if that is intended, pass --allow-deletes {deleted}",
            )
        return
    limit = max(threshold.least, live * threshold.percent // 100, allowed)
    if deleted > limit:
        yield Refusal(
            SafetyRule.DELETIONS,
            f"{deleted} of {live} schedules would be deleted, more than {limit} "
            f"({threshold.percent} %, at least {threshold.least})",
            f"if that is intended, pass --allow-deletes {deleted}",
        )


def refuse_no_budget(budget: Budget, needed: bool) -> Iterator[Refusal]:
    """Without a single cron nothing would ever wake."""
    if needed and budget.available == 0:
        parts = []
        if budget.foreign:
            holders = ", ".join(f"{cron.app}/{cron.function}" for cron in budget.foreign)
            held = len(budget.foreign)
            parts.append(f"{held} {_are(held)} held by {holders}")
        if budget.reserve:
            parts.append(f"{budget.reserve} {_are(budget.reserve)} reserved")
        why = f": {' and '.join(parts)}" if parts else ""
        yield Refusal(
            SafetyRule.BUDGET,
            f"none of the {budget.limit} crons of this workspace is free{why}",
            "free one of them, or raise `crons:` in reconciler.yaml if the plan allows more",
        )


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def _were_live(actual: Actual) -> int:
    """How many schedules a lost generation had; 0 when that is not known."""
    return 0 if actual.lost is None else actual.lost.schedules or 0


def _fewer(actual: Actual, desired: frozenset[str]) -> int:
    """How many schedules are gone at least, where only their number is known."""
    return max(0, _were_live(actual) - len(desired))
