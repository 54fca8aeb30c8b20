"""Taking over an app that bears our name and not our tags. On purpose, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.errors import ReconcileError, RefusedError
from reconciler.plan import Actual, Desired
from reconciler.plan.tags import (
    DISPATCHER_TAG,
    MANAGED_BY,
    MANAGED_TAG,
    REPOSITORY_TAG,
    SECRETS_TAG,
    own_tags,
    tag_value,
)


def adoption_tags(actual: Actual, desired: Desired, owner: str | None) -> Mapping[str, str]:
    """The tags that make the app ours. Its functions stay until the next apply replaces them.

    Args:
        owner: the repository that the app is taken from, None when it has none.

    Raises:
        ReconcileError: there is nothing to adopt.
        RefusedError: it belongs to a repository that was not named.
    """
    app = desired.settings.app
    if actual.own is None:
        raise ReconcileError(
            f"there is no app {app} to adopt", remedy="Run reconcile: it deploys one."
        )
    tags = actual.own.tags
    owned = tags.get(REPOSITORY_TAG) if tags.get(MANAGED_TAG) == MANAGED_BY else None
    if owned == tag_value(desired.repository):
        raise ReconcileError(f"the app {app} is ours already", remedy="Run reconcile.")
    if owned is not None and (owner is None or tag_value(owner) != owned):
        raise RefusedError(
            f"the app {app} is managed from the repository {owned}",
            remedy="If it is meant to be taken from there",
            command=f"adopt --from {owned}",
        )
    return {
        **tags,
        **own_tags(
            repository=desired.repository,
            generation=None,
            dispatcher=tags.get(DISPATCHER_TAG, "unknown"),
            secrets=tags.get(SECRETS_TAG),
        ),
    }
