"""Whether what is deployed is what the last apply left, for ``status``. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.plan import Actual, Desired
from reconciler.plan.change import Kind
from reconciler.plan.drift import find_drift
from reconciler.plan.safety import refuse_foreign_app
from reconciler.plan.state import SeenWorker
from reconciler.plan.worker_tags import AppliedWorker
from reconciler.query.status import DeploymentFinding

ENGINE_STOPPED = DeploymentFinding(
    "embedded engine",
    "is not running: no cron fires",
    "Start it: reconcile engine",
)
_REPAIR = "Run reconcile, which repairs it."


def findings_of(actual: Actual, desired: Desired) -> Iterator[DeploymentFinding]:
    """Yield what is wrong with the deployment.

    Args:
        actual: as observed; what others have deployed is not looked at.
        desired: the owner that the app must have, and its settings.
    """
    app = desired.settings.app
    foreign = list(refuse_foreign_app(actual, desired))
    for refusal in foreign:
        yield DeploymentFinding(f"app {app}", f"is not ours: {refusal.message}", refusal.remedy)
    if foreign:
        return
    yield from drift_of(actual, app)


def worker_findings(applied: AppliedWorker, seen: SeenWorker) -> Iterator[DeploymentFinding]:
    """Yield how the Worker on Cloudflare differs from what the last apply left."""
    from reconciler.plan.worker_changes import deployed_otherwise  # it packs: few have a Worker

    reason = deployed_otherwise(applied, seen.tags, seen.crons)
    if reason is not None:
        yield DeploymentFinding(f"{Kind.WORKER} {applied.name}", reason, _REPAIR)


def drift_of(actual: Actual, app: str) -> Iterator[DeploymentFinding]:
    """Yield what differs from what the last apply left; who owns the app is not asked."""
    for change in find_drift(actual, actual.applied or actual.live, app, {}):
        schedule = change.name if change.kind is Kind.SCHEDULE else None
        yield DeploymentFinding(f"{change.kind} {change.name}", change.reason, _REPAIR, schedule)
