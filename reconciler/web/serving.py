"""Where and how the application is served."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.manifest import EnvironmentSettings
from reconciler.manifest.web_settings import WebSettings
from reconciler.web.auth.credentials import Credentials
from reconciler.web.auth.principal import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """Where and how the application is served.

    Attributes:
        environment: the settings of the environment that it shows.
        web: what the API allows.
        hosts: the values of the ``Host`` header that are answered, with a port where it has one.
        https: whether browsers reach it over HTTPS.
        loopback: whether it listens on this machine alone.
        credentials: that it accepts.
        authenticated: what every request may do, because Modal's proxy has authenticated it before
            it arrived; empty where it has not.
        body: bytes of a request's body at most.
        body_seconds: the seconds within which a body has to arrive.
        answer_seconds: the seconds within which Modal has to answer a question.
    """

    environment: EnvironmentSettings
    web: WebSettings
    hosts: frozenset[str]
    https: bool
    loopback: bool
    credentials: Credentials
    authenticated: frozenset[Scope] = frozenset()
    body: int = 256 * 1024
    body_seconds: float = 10.0
    answer_seconds: float = 30.0


def loopback_hosts(port: int) -> frozenset[str]:
    """The values of ``Host`` by which this machine itself is reached.

    Any other name may have been pointed at this machine by the page that a browser shows (DNS
    rebinding).
    """
    return frozenset(f"{name}:{port}" for name in ("127.0.0.1", "localhost"))
