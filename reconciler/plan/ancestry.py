"""How a checkout stands to the commit that is live: what it does not have may have come later."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from reconciler.errors import RefusedError
from reconciler.model.pointer import Pointer
from reconciler.plan.state import Desired
from reconciler.words import count


class Relation(StrEnum):
    """What a commit is to the one that is live."""

    CONTAINS = "contains"
    """It is that commit, a descendant of it, or has what it holds by another way."""
    OLDER = "older"
    DIVERGED = "diverged"
    SHALLOW = "shallow"
    """Not known: the history of this clone is cut off."""
    MISSING = "missing"
    """Not known: the live commit is not in this clone."""
    OUTSIDE = "outside"
    """Not known: this is not a git repository, or has no commit yet."""
    UNNAMED = "unnamed"
    """Not known: what is live was applied without a commit."""


_FETCH: Final = "Fetch the history: git fetch --unshallow (in GitHub Actions: `fetch-depth: 0`)."
_NEWEST: Final = "In CI, run the job of the newest commit."
_UPDATE: Final = f"Update the branch to one that contains that commit: git pull. {_NEWEST}"
_SWITCH: Final = f"Check out a branch that contains that commit. {_NEWEST}"
_FORCED: Final = (
    "Where it was replaced on purpose (an amended commit, a force-push), look at the plan and pass "
    "--allow-older."
)
_SHOWN: Final = 3
"""Commits that a message names; of the others it says how many they are."""
_REMEDIES: Final = {
    Relation.OLDER: _UPDATE,
    Relation.SHALLOW: _FETCH,
    Relation.MISSING: f"Fetch it: git fetch origin. {_FORCED}",
    Relation.OUTSIDE: "Run it in a clone of the repository.",
}


@dataclass(frozen=True, slots=True)
class Ancestry:
    """The commit of a plan and the one that is live.

    Attributes:
        commit: None outside git.
        live: None when what is live was applied without one.
        on_purpose: whether the command line names the commit: it is what is meant, however it
            stands.
        detached: whether no branch is checked out, so that there is none to update.
        lacks: the commits that change settings or manifests and that the live one has and this one
            has not, the newest first, each as its short id and its subject.
    """

    relation: Relation
    commit: str | None
    live: str | None
    on_purpose: bool = False
    detached: bool = False
    lacks: tuple[str, ...] = ()

    @property
    def warning(self) -> str | None:
        """What a plan warns of, None when the checkout contains what is live."""
        if self.on_purpose:
            return None
        here, live = _short(self.commit), _short(self.live)
        match self.relation:
            case Relation.CONTAINS:
                return None
            case Relation.OLDER:
                return (
                    f"this checkout (commit {here}) is older than what is live (commit {live}): "
                    f"{self._lacking}"
                )
            case Relation.DIVERGED:
                return (
                    f"this checkout (commit {here}) has diverged from what is live (commit {live}):"
                    f" {self._lacking}"
                )
            case Relation.UNNAMED:
                return (
                    "what is live was applied without a commit: whether this checkout contains it "
                    "is not known"
                )
            case Relation.SHALLOW:
                why = "this clone is shallow"
            case Relation.MISSING:
                why = "that commit is not in this clone"
            case Relation.OUTSIDE:
                why = "this folder has no commit in git"
        return f"whether this checkout contains what is live (commit {live}) is not known: {why}"

    @property
    def remedy(self) -> str:
        """How the checkout comes to contain what is live."""
        if self.relation is Relation.DIVERGED:
            return (
                f"Where the live commit is still wanted, git merge {_short(self.live)}. {_FORCED}"
            )
        if self.relation is Relation.OLDER and self.detached:
            return _SWITCH
        return _REMEDIES.get(self.relation, "")

    @property
    def _lacking(self) -> str:
        """Which commits an apply may take back: what it does take back are the plan's changes."""
        if not self.lacks:
            return "it lacks commits that change settings or manifests"
        shown, more = self.lacks[:_SHOWN], len(self.lacks) - _SHOWN
        others = f", and {more:,} more" if more > 0 else ""
        lacked = count(len(self.lacks), "commit")
        return (
            f"it lacks {lacked} that {'changes' if len(self.lacks) == 1 else 'change'} settings or "
            f"manifests ({', '.join(shown)}{others})"
        )

    @property
    def refused(self) -> bool:
        """Whether an apply outside `local` refuses it, unless --allow-older is said."""
        return self.warning is not None and self.relation is not Relation.UNNAMED

    @property
    def of_creation(self) -> str:
        """Why a schedule that is not live is created, as truly as it is known."""
        here, live = _short(self.commit), _short(self.live)
        match self.relation:
            case Relation.OLDER:
                return f"is in commit {here}, which is older than the live commit {live}"
            case Relation.DIVERGED:
                return f"is in commit {here}, which has diverged from the live commit {live}"
            case _ if self.on_purpose:
                return f"is in commit {here}"
        return "is new in git"

    @property
    def of_deletion(self) -> str:
        """Why a live schedule that git does not have is deleted, as truly as it is known."""
        here, live = _short(self.commit), _short(self.live)
        match self.relation:
            case Relation.CONTAINS | Relation.UNNAMED:
                return "is no longer in git"
            case Relation.OLDER:
                return f"is not in commit {here}, which is older than the live commit {live}"
            case Relation.DIVERGED:
                return f"is not in commit {here}, which has diverged from the live commit {live}"
            case Relation.OUTSIDE:
                return f"is not in this folder, and the live commit {live} is not known here"
            case Relation.SHALLOW | Relation.MISSING:
                return (
                    f"is not in commit {here}; whether that contains the live commit {live} is "
                    "not known"
                )


def require_current(ancestry: Ancestry | None) -> None:
    """Raise if the checkout may lack what is live.

    Raises:
        RefusedError: it is older, has diverged, or nothing is known.
    """
    if ancestry is None or not ancestry.refused:
        return
    remedy = ancestry.remedy
    if _FORCED not in remedy:
        remedy += (
            " To roll back on purpose, pass --at COMMIT; to apply this checkout all the same, "
            "--allow-older."
        )
    raise RefusedError(f"{ancestry.warning}; nothing was applied", remedy=remedy)


def creation_reason(ancestry: Ancestry | None) -> str:
    """Why a schedule that is not live is created."""
    return "is new in git" if ancestry is None else ancestry.of_creation


def deletion_reason(ancestry: Ancestry | None) -> str:
    """Why a live schedule that git does not have is deleted."""
    return "is no longer in git" if ancestry is None else ancestry.of_deletion


def checkout_warnings(
    ancestry: Ancestry | None, pointer: Pointer | None, desired: Desired
) -> Iterator[str]:
    """What is suspicious about the commit that is planned.

    Args:
        pointer: of what is live; None when the plan changes nothing.
    """
    if ancestry is not None and ancestry.warning is not None:
        yield f"{ancestry.warning}. {ancestry.remedy}".rstrip()
    if pointer is not None and pointer.rolled_back_from is not None and desired.head is None:
        yield (
            f"what is live was rolled back on purpose, from commit "
            f"{_short(pointer.rolled_back_from)} to commit {_short(pointer.commit)}, and this "
            "checkout is ahead of it: this plan undoes the rollback"
        )


def _short(commit: str | None) -> str:
    return "unknown" if commit is None else commit[:12]
