"""The application's dependencies, made once and passed on explicitly."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

from reconciler.query.file_runs import KeptRuns
from reconciler.query.last_hours import HoursReader
from reconciler.query.live import live_status
from reconciler.query.live_metrics import read_metrics
from reconciler.query.metrics import Metrics
from reconciler.query.status import Status
from reconciler.web.auth.access import AccessVerifier
from reconciler.web.auth.authentication import Authenticator
from reconciler.web.idempotency import Idempotency
from reconciler.web.kept_files import KeptFiles
from reconciler.web.last_shown import LastShown
from reconciler.web.limits import ASKING, FAILING, TokenBuckets
from reconciler.web.ports import WebPorts
from reconciler.web.recent import Recent
from reconciler.web.refusals import Refusals
from reconciler.web.serving import Serving

HOURS: Final = 24
"""Hours of which the pages show what happened."""
METRICS_LIFE: Final = timedelta(seconds=30)
"""Prometheus asks every 15 s to 60 s; the figures of 2,000 schedules take a second to count."""


@dataclass(frozen=True, slots=True)
class Site:
    """What every handler may use.

    Attributes:
        asking: limits the requests of each credential.
        failing: limits the requests of each address whose credentials are wrong.
        status: how everything stands, a few seconds ago at most; None when nothing was applied.
        hours: reads what happened in the last day.
        metrics: the figures of monitoring, half a minute old at most; as ``status``.
        shown: the pages as they were last shown.
    """

    ports: WebPorts
    serving: Serving
    authenticator: Authenticator
    idempotency: Idempotency
    refusals: Refusals
    asking: TokenBuckets
    failing: TokenBuckets
    status: Recent[Status | None]
    hours: HoursReader
    metrics: Recent[Metrics | None]
    shown: LastShown = field(default_factory=LastShown)

    @classmethod
    def of(cls, ports: WebPorts, serving: Serving) -> Site:
        """The dependencies of an application on these ports."""
        access = serving.web.access
        modal = replace(ports.modal, files=KeptFiles(ports.modal.files), kept=KeptRuns())
        ports = replace(ports, modal=modal)
        status = Recent(lambda: live_status(modal, serving.environment, ports.find), ports.clock)

        async def figures() -> Metrics | None:
            found = await status.get()
            return None if found is None else await read_metrics(modal, found)

        return cls(
            ports,
            serving,
            Authenticator(
                serving.credentials,
                None if access is None else AccessVerifier(access, ports.key_sets, ports.clock),
                ports.clock,
                serving.https,
                serving.authenticated,
            ),
            Idempotency(ports.modal.claims),
            Refusals(ports.modal.claims, ports.clock),
            TokenBuckets(ASKING, ports.clock),
            TokenBuckets(FAILING, ports.clock),
            status,
            HoursReader(modal.history, HOURS),
            Recent(figures, ports.clock, METRICS_LIFE),
        )
