"""The application's dependencies, made once and passed on explicitly."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.web.auth.authentication import Authenticator
from reconciler.web.limits import ASKING, FAILING, TokenBuckets
from reconciler.web.ports import WebPorts
from reconciler.web.refusals import Refusals
from reconciler.web.serving import Serving


@dataclass(frozen=True, slots=True)
class Site:
    """What every handler may use.

    Attributes:
        asking: limits the requests of each credential.
        failing: limits the requests of each address whose credentials are wrong.
    """

    ports: WebPorts
    serving: Serving
    authenticator: Authenticator
    refusals: Refusals
    asking: TokenBuckets
    failing: TokenBuckets

    @classmethod
    def of(cls, ports: WebPorts, serving: Serving) -> Site:
        """The dependencies of an application on these ports."""
        return cls(
            ports,
            serving,
            Authenticator(serving.credentials, ports.clock, serving.https),
            Refusals(ports.modal.claims, ports.clock),
            TokenBuckets(ASKING, ports.clock),
            TokenBuckets(FAILING, ports.clock),
        )
