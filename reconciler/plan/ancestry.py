"""How a checkout stands to the commit that is live: what it does not have may have come later."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from reconciler.dispatch.pointer import Pointer
from reconciler.errors import RefusedError
from reconciler.plan.state import Desired


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
_UPDATE: Final = "Update the branch to one that contains that commit: git pull."
_REMEDIES: Final = {
    Relation.OLDER: _UPDATE,
    Relation.DIVERGED: _UPDATE,
    Relation.SHALLOW: _FETCH,
    Relation.MISSING: "Fetch it: git fetch origin.",
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
    """

    relation: Relation
    commit: str | None
    live: str | None
    on_purpose: bool = False

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
                    "what was added since would be deleted, and what was changed reverted"
                )
            case Relation.DIVERGED:
                return (
                    f"this checkout (commit {here}) has diverged from what is live (commit {live}):"
                    " what was added there would be deleted, and what was changed reverted"
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
        return _REMEDIES.get(self.relation, "")

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
    if ancestry is None or ancestry.warning is None or ancestry.relation is Relation.UNNAMED:
        return
    raise RefusedError(
        f"{ancestry.warning}; nothing was applied",
        remedy=f"{ancestry.remedy} To roll back on purpose say --at COMMIT; to apply this checkout "
        "all the same, --allow-older.",
    )


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
