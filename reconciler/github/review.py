"""Whether what is planned after a merge is what the pull request's comment named.

Between the two lies time: what is live may have changed, or main. Whoever approves the apply has to
know which of the two plans it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from reconciler.github.comment import is_ours
from reconciler.github.github import GitHub


@dataclass(frozen=True, slots=True)
class Named:
    """A plan that a pull request's comment names.

    Attributes:
        digest: None when the comment shows no plan but a failure.
    """

    pull_request: int
    digest: str | None


def named_plans(
    github: GitHub, commit: str, marker: str, digest_in: Callable[[str], str | None]
) -> Iterator[Named]:
    """What the comments of the pull requests that brought a commit name.

    Args:
        marker: the first line of our comment.
        digest_in: reads the digest out of a comment.
    """
    for pull in github.each(f"commits/{commit}/pulls"):
        number = int(pull["number"])
        if pull["merged_at"] is None:
            continue
        for comment in github.each(f"issues/{number}/comments"):
            if is_ours(comment, marker):
                yield Named(number, digest_in(str(comment["body"])))


def verdict(planned: str, named: list[Named]) -> str:
    """What is told about it, one line of Markdown.

    Args:
        planned: digest of the plan that would be applied.
    """
    same = next((item for item in named if item.digest == planned), None)
    if same is not None:
        return f"✅ This is the plan that the comment on #{same.pull_request} names."
    if not named:
        return (
            "⚠️ No comment on a merged pull request names this plan: look at it before it is "
            "applied."
        )
    there = ", ".join(
        f"#{item.pull_request} names {f'`{item.digest[:12]}`' if item.digest else 'none'}"
        for item in named
    )
    return (
        f"⚠️ This is not the plan that was reviewed: it is `{planned[:12]}`, and the comment on "
        f"{there}. What is live, or main, has changed since: look at it before it is applied."
    )
