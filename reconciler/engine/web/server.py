"""aiohttp's server: one for all endpoints, with a port for each."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Handler

from reconciler.engine import limits
from reconciler.engine.web.front import Relayed

Answer = Callable[[web.Request, str], Awaitable[web.StreamResponse]]

_DEFAULTS = ("Content-Type", "Server")


class WebServer:
    """``answer`` gets each request with the label of the port that it came in by."""

    def __init__(self, answer: Answer) -> None:
        self.ports: dict[str, int] = {}
        self._answer = answer
        self._sites: dict[str, web.SockSite] = {}
        self._labels: dict[int, str] = {}
        self._runner: web.AppRunner | None = None

    async def open_port(self, label: str, listening: socket.socket) -> None:
        """Serve a label on a socket that listens."""
        runner = await self._running()
        port = int(listening.getsockname()[1])
        self._sites[label] = web.SockSite(runner, listening, backlog=limits.WEB_BACKLOG)
        await self._sites[label].start()
        self.ports[label] = port
        self._labels[port] = label

    async def close_port(self, label: str) -> None:
        """Stop serving a label."""
        site = self._sites.pop(label, None)
        if site is not None:
            await site.stop()
            del self._labels[self.ports.pop(label)]

    async def close(self) -> None:
        """Close all ports; what is being answered is broken off."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _running(self) -> web.AppRunner:
        if self._runner is None:
            # The middleware answers everything, also what a router would not find.
            app = web.Application(middlewares=[self._serve])
            app.on_response_prepare.append(_only_own_headers)
            self._runner = web.AppRunner(
                app,
                handle_signals=False,
                access_log=None,
                handler_cancellation=True,
                auto_decompress=False,
                shutdown_timeout=0.1,
                max_line_size=limits.WEB_HEADER,
                max_field_size=limits.WEB_HEADER,
            )
            await self._runner.setup()
        return self._runner

    @web.middleware
    async def _serve(
        self,
        request: web.Request,
        handler: Handler,  # noqa: ARG002  # a middleware's; there are no routes
    ) -> web.StreamResponse:
        assert request.transport is not None
        port = request.transport.get_extra_info("sockname")[1]
        return await self._answer(request, self._labels.get(port, ""))


async def _only_own_headers(_request: web.Request, response: web.StreamResponse) -> None:
    if isinstance(response, Relayed):
        for name in _DEFAULTS:
            if name.lower() not in response.own:
                response.headers.pop(name, None)
