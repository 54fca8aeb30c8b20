"""The settings of the HTTP API and the dashboard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessSettings:
    """Cloudflare Access.

    Attributes:
        hostname: that it protects.
        team: of ``TEAM.cloudflareaccess.com``.
        audience: the application's AUD tag.
    """

    hostname: str
    team: str
    audience: str

    @property
    def issuer(self) -> str:
        """Who signs the JWTs."""
        return f"https://{self.team}.cloudflareaccess.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """The HTTP API and the dashboard.

    Attributes:
        functions: ``app/function`` and ``app/*`` that the API may start; empty for those that the
            live schedules call.
        submit: the function that ``POST /submit`` starts; None where there is no such route.
        auth: the Modal Secret with the credentials; None for loopback only.
        access: None where Cloudflare Access is not used.
        proxy_auth: whether a second endpoint serves wakes and triggers to senders that Modal's
            proxy has authenticated.
    """

    functions: tuple[str, ...] = ()
    submit: str | None = None
    auth: str | None = None
    access: AccessSettings | None = None
    proxy_auth: bool = False

    def to_json(self) -> dict[str, Any]:
        """The settings as JSON, for the container that serves them."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read :meth:`to_json` back."""
        access = data.get("access")
        return cls(
            functions=tuple(data.get("functions", ())),
            submit=data.get("submit"),
            auth=data.get("auth"),
            access=None if access is None else AccessSettings(**access),
            proxy_auth=bool(data.get("proxy_auth", False)),
        )
