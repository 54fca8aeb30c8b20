"""Whether what is planned after a merge is what the pull request's comment showed.

Between the two lies time: what is live may have changed, or main. The people who approve the apply
have to know which of the two plans it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.github.api import GitHub
from reconciler.github.comment import our_comments
from reconciler.render.markdown import prose
from reconciler.render.plan_markdown import ShownPlan, plan_in


@dataclass(frozen=True, slots=True)
class ReviewedPlan:
    """What the comment on a pull request showed to its reviewers.

    Attributes:
        plan: None when the comment shows no plan but a failure.
    """

    pull_request: int
    plan: ShownPlan | None


def reviewed_plans(github: GitHub, commit: str, marker: str) -> Iterator[ReviewedPlan]:
    """What the comments of the merged pull requests that brought a commit show.

    Args:
        marker: the first line of our comment.
    """
    for pull in github.each(f"commits/{commit}/pulls"):
        number = pull.get("number")
        if not isinstance(number, int) or pull.get("merged_at") is None:
            continue
        for comment in our_comments(github, number, marker):
            yield ReviewedPlan(number, plan_in(str(comment.get("body"))))


def verdict(planned: str, offline: str | None, reviewed: list[ReviewedPlan]) -> str:
    """Whether the plan was reviewed, as one line of Markdown.

    Args:
        planned: digest of the plan that would be applied.
        offline: digest of the plan of what was merged, made without asking Modal; None when that
            could not be planned.
    """
    for one in reviewed:
        if one.plan == ShownPlan(planned, offline=False):
            return f"✅ This is the plan that the comment on #{one.pull_request} shows."
        if one.plan is not None and one.plan == ShownPlan(offline or "", offline=True):
            return (
                f"✅ The comment on #{one.pull_request} shows the same change of the schedules, "
                "planned without asking Modal. ⚠️ No reviewer has seen what it does to what is "
                "live: check this plan before you approve it."
            )
    if not reviewed:
        return (
            "⚠️ No comment on a merged pull request shows this plan: check it before you approve it."
        )
    there = ", ".join(
        f"#{one.pull_request} shows {f'`{one.plan.digest[:12]}`' if one.plan else 'none'}"
        for one in reviewed
    )
    return (
        f"⚠️ This is not the plan that was reviewed: it is `{planned[:12]}`, and the comment on "
        f"{there}. What is live, or main, has changed since: check it before you approve it."
    )


def not_known(reason: str) -> str:
    """The same line when it could not be found out."""
    return f"⚠️ Whether this is the plan that was reviewed is not known: {prose(reason)}"
