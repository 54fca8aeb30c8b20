"""The ASGI application: its routes, and what happens around each request."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any, Final

from starlette.routing import Router
from starlette.types import ASGIApp

from reconciler.web.edge import Edge
from reconciler.web.endpoint import Endpoint
from reconciler.web.feeds import FEEDS
from reconciler.web.jobs import JOBS
from reconciler.web.lists import LISTS
from reconciler.web.openapi import openapi
from reconciler.web.pages.views import PAGES
from reconciler.web.ports import WebPorts
from reconciler.web.questions import QUESTIONS
from reconciler.web.serving import Serving
from reconciler.web.sign_in import SIGN_IN
from reconciler.web.site import Site
from reconciler.web.wakes import WAKES

_DESCRIBED: Final = (*QUESTIONS, *LISTS, *JOBS, *WAKES, *FEEDS)
ENDPOINTS: Final[tuple[Endpoint, ...]] = (*_DESCRIBED, openapi(_DESCRIBED), *SIGN_IN, *PAGES)
"""Every route of the application."""


def create_app(
    ports: WebPorts,
    serving: Serving,
    log: Callable[[str], None] | None = None,
    endpoints: Iterable[Endpoint] = ENDPOINTS,
) -> ASGIApp:
    """The application.

    Args:
        ports: what it uses of the world.
        serving: where and how it is served.
        log: receives the access log, one JSON object a line; standard error by default.
        endpoints: its routes.
    """
    site = Site.of(ports, serving)

    @asynccontextmanager
    async def lifespan(_app: Any) -> AsyncIterator[None]:
        yield
        await site.refusals.flush(now=True)

    router = Router([one.route(site) for one in endpoints], False, lifespan=lifespan)
    return Edge(router, serving, site.refusals, log or _to_standard_error)


def _to_standard_error(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
