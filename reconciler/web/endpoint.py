"""One route: what it needs before its handler is called, and the call itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from reconciler.web.auth.principal import Principal, Scope
from reconciler.web.body import read_body
from reconciler.web.operation import Operation
from reconciler.web.problems import RequestError
from reconciler.web.site import Site

STEPS: Final = 3
"""Questions, one after the other, for whose answers a handler waits at most."""
READS: Final = "GET"
CHANGES: Final = "POST"


@dataclass(frozen=True, slots=True)
class Call:
    """A request that may be answered.

    Attributes:
        sender: None where the endpoint is open to all.
    """

    site: Site
    request: Request
    body: bytes
    sender: Principal | None

    @property
    def address(self) -> str:
        """Where the request comes from."""
        return address_of(self.request)


Handler: TypeAlias = Callable[[Call], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One route.

    Attributes:
        method: ``GET`` for what changes nothing, ``POST`` for what does.
        scope: that the sender needs; None when it is open to all, or checks by itself.
        signed: whether a signed message is accepted. A signature covers the body alone, so nothing
            else of the request may say what is to be done.
        operation: what the OpenAPI document says of it; None for pages, which are not the API's.
    """

    method: str
    path: str
    handler: Handler
    scope: Scope | None
    signed: bool = False
    operation: Operation | None = None

    def route(self, site: Site) -> Route:
        """The route, whose handler is called only for requests that are allowed."""

        async def answer(request: Request) -> Response:
            body = await read_body(request, site.serving) if self.method == CHANGES else b""
            sender = await self._sender(site, request, body)
            if self.method == CHANGES:
                _require_own_origin(request, site, sender)
            async with asyncio.timeout(STEPS * site.serving.answer_seconds):
                return await self.handler(Call(site, request, body, sender))

        return Route(self.path, answer, methods=[self.method])

    async def _sender(self, site: Site, request: Request, body: bytes) -> Principal | None:
        if self.scope is None:
            return None
        try:
            sender = await site.authenticator.authenticate(
                request, self.scope, body if self.signed else None
            )
        except RequestError as error:
            if error.status == 401:
                site.failing.require(address_of(request))
            raise
        request.state.by = sender.label
        site.asking.require(sender.label)
        return sender


def address_of(request: Request) -> str:
    """Where a request comes from. A header that says so could say anything."""
    return "" if request.client is None else request.client.host


def _require_own_origin(request: Request, site: Site, sender: Principal | None) -> None:
    """Refuse what a page of another site may have made a browser send.

    A browser adds cookies by itself, and a page anywhere may call this machine. Both kinds of
    requests need a media type that no form has, unless the sender's own program has added a header
    that a browser does not add.
    """
    exposed = sender is None or sender.proof.sent_by_browsers
    if not exposed and not site.serving.loopback:
        return
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc.lower() not in site.serving.hosts:
        raise RequestError(403, "origin", "a page of another site sent this request")
    if sender is not None and exposed and _media_type(request) != "application/json":
        raise RequestError(415, "media-type", "a session may only send application/json")


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
