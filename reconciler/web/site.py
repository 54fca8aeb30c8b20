"""The application's dependencies, made once and passed on explicitly."""

from __future__ import annotations

from dataclasses import dataclass, replace

from reconciler.query.live import live_status
from reconciler.query.status import Status
from reconciler.web.auth.access import AccessVerifier
from reconciler.web.auth.authentication import Authenticator
from reconciler.web.idempotency import Idempotency
from reconciler.web.kept_files import KeptFiles
from reconciler.web.limits import ASKING, FAILING, TokenBuckets
from reconciler.web.ports import WebPorts
from reconciler.web.recent import Recent
from reconciler.web.refusals import Refusals
from reconciler.web.serving import Serving


@dataclass(frozen=True, slots=True)
class Site:
    """What every handler may use.

    Attributes:
        asking: limits the requests of each credential.
        failing: limits the requests of each address whose credentials are wrong.
        status: how everything stands, a few seconds ago at most; None when nothing was applied.
    """

    ports: WebPorts
    serving: Serving
    authenticator: Authenticator
    idempotency: Idempotency
    refusals: Refusals
    asking: TokenBuckets
    failing: TokenBuckets
    status: Recent[Status | None]

    @classmethod
    def of(cls, ports: WebPorts, serving: Serving) -> Site:
        """The dependencies of an application on these ports."""
        access = serving.web.access
        modal = replace(ports.modal, files=KeptFiles(ports.modal.files))
        ports = replace(ports, modal=modal)
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
            Recent(lambda: live_status(modal, serving.environment, ports.find), ports.clock),
        )
