"""Whether what is deployed is what the last apply left, for ``status``. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.manifest import EnvironmentSettings
from reconciler.plan import Actual
from reconciler.plan.drift import find_drift
from reconciler.plan.safety import refuse_foreign_app
from reconciler.report.status import Finding

ENGINE_STOPPED = Finding(
    "embedded engine",
    "is not running: no cron fires",
    "Start it: reconcile engine",
)
_REPAIR = "Run reconcile, which repairs it."


def findings_of(
    actual: Actual, settings: EnvironmentSettings, repository: str
) -> Iterator[Finding]:
    """Yield what is wrong with the deployment.

    Args:
        actual: as observed; what others have deployed is not looked at.
        repository: the owner that the app must be tagged with.
    """
    foreign = list(refuse_foreign_app(actual, settings.app, repository, settings.name))
    for refusal in foreign:
        yield Finding(f"app {settings.app}", f"is not ours: {refusal.message}", refusal.remedy)
    if foreign:
        return
    for change in find_drift(actual, actual.applied or actual.live, settings.app, {}):
        yield Finding(f"{change.kind} {change.name}", change.reason, _REPAIR)
