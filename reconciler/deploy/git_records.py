"""Records for the dashboard what a job saw in git, and that an apply was refused.

Both are best effort: whether an apply goes on never depends on them.
"""

from __future__ import annotations

from contextlib import suppress

from reconciler.deploy.lease import Holder
from reconciler.deploy.ports import Workspace
from reconciler.dispatch.answers import UnavailableError
from reconciler.errors import ReconcileError
from reconciler.model.git_record import (
    GIT_KEY,
    REFUSED_KEY,
    GitRecord,
    RefusedApply,
    git_entry,
    refused_entry,
    refused_of,
)
from reconciler.model.runs_file import format_time
from reconciler.plan import Plan


async def record_git(
    workspace: Workspace, plan: Plan, holder: Holder, *, was_applied: bool
) -> None:
    """Record how git stands to what is live.

    Nothing is recorded before the first apply: there is no Dict.
    """
    if plan.actual.pointer is None and not was_applied:
        return
    changes, drift = (0, 0) if was_applied else (len(plan.changes), len(plan.drift))
    at = format_time(workspace.clock.now())
    record = GitRecord(plan.desired.commit, at, holder.owner, holder.link, changes, drift)
    with suppress(UnavailableError, ReconcileError):
        await workspace.claims.put(GIT_KEY, git_entry(record))


async def record_refusal(workspace: Workspace, plan: Plan, holder: Holder, reason: str) -> None:
    """Record that the plan was to be applied, and was refused."""
    if plan.actual.pointer is None:
        return
    at = format_time(workspace.clock.now())
    refused = RefusedApply(plan.desired.commit, at, holder.owner, holder.link, reason)
    with suppress(UnavailableError, ReconcileError):
        before, _damaged = refused_of(await workspace.claims.get(REFUSED_KEY))
        await workspace.claims.put(REFUSED_KEY, refused_entry((refused, *before)))
