"""Taking over an app, or what one has left on the Volume, from another owner. On purpose only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from reconciler.errors import ReconcileError, RefusedError
from reconciler.model.pointer import Pointer
from reconciler.plan import Actual, Desired, own_tags
from reconciler.plan.ownership import Stranger, judge_owner, owner_in_full
from reconciler.plan.tags import DISPATCHER_TAG, SECRETS_TAG, tag_value


@dataclass(frozen=True, slots=True)
class Adoption:
    """What makes an app ours. Its functions stay until the next apply replaces them.

    Attributes:
        tags: of the app, None when none is deployed.
        pointer: what names the owner in full, None when there is none.
    """

    tags: Mapping[str, str] | None
    pointer: Pointer | None


def adoption(actual: Actual, desired: Desired, owner: str | None) -> Adoption:
    """What makes the app ours.

    Args:
        desired: with what the history says of what is live.
        owner: who owns the app, as a person names it; None when no owner is named.

    Raises:
        ReconcileError: there is nothing to adopt.
        RefusedError: its owner was not named; or this clone has no remote, and so its CI would be
            refused.
    """
    app = desired.settings.app
    verdict = judge_owner(actual, desired)
    if actual.own is None and actual.pointer is None:
        raise ReconcileError(
            f"there is no app {app} to adopt", remedy="Run reconcile: it deploys one."
        )
    if not isinstance(verdict, Stranger):
        raise ReconcileError(f"the app {app} is ours already", remedy="Run reconcile.")
    if not verdict.adoptable:
        raise RefusedError(verdict.message, remedy=verdict.remedy)
    if verdict.owner is not None and not _is_named(actual, verdict.owner, owner):
        raise RefusedError(
            verdict.message,
            remedy="If it is meant to be taken from there",
            command=f"adopt --from {verdict.owner}",
        )
    return Adoption(_tags(actual, desired), _pointer(actual, desired))


def _is_named(actual: Actual, owner: str, named: str | None) -> bool:
    """Whether a person has named the owner: in full, or by the tag where that is all there is."""
    if named is None:
        return False
    full = owner_in_full(actual)
    return full.is_named_by(named) if full is not None else tag_value(named) == tag_value(owner)


def _tags(actual: Actual, desired: Desired) -> Mapping[str, str] | None:
    if actual.own is None:
        return None
    tags = actual.own.tags
    return {
        **tags,
        **own_tags(
            owner=desired.owner,
            generation=None,
            dispatcher=tags.get(DISPATCHER_TAG, "unknown"),
            secrets=tags.get(SECRETS_TAG),
        ),
    }


def _pointer(actual: Actual, desired: Desired) -> Pointer | None:
    """The pointer with its new owner. A commit of another repository means nothing in this one."""
    if actual.pointer is None:
        return None
    commit = None if desired.standing.descends is False else actual.pointer.commit
    return replace(actual.pointer, identity=str(desired.owner.identity), commit=commit)
