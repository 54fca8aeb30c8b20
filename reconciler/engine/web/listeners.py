"""The ports of endpoints. aiohttp is imported with the first one: that takes a while."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from reconciler.engine.addresses import Addresses
from reconciler.engine.time_source import Sleep
from reconciler.engine.web.directory import Directory
from reconciler.engine.web.exchanges import Exchanges
from reconciler.engine.web.proxy_tokens import ProxyTokens

if TYPE_CHECKING:
    from reconciler.engine.web.server import WebServer

_LOG: Final = logging.getLogger("reconciler.engine")


class Listeners:
    """Opens ports when a deploy declares endpoints, and those that are known at the start."""

    def __init__(
        self,
        addresses: Addresses,
        directory: Directory,
        tokens: ProxyTokens,
        exchanges: Exchanges,
        sleep: Sleep,
    ) -> None:
        self._addresses = addresses
        self._directory = directory
        self._tokens = tokens
        self._exchanges = exchanges
        self._sleep = sleep
        self._server: WebServer | None = None
        self._guard = asyncio.Lock()

    async def start(self) -> None:
        """Open the ports of all known labels. A port that was taken meanwhile is replaced."""
        await self._open(self._addresses.labels())

    async def open(self, labels: Iterable[str], app: str) -> None:
        """Open the ports of the labels that an app declares."""
        wanted = list(labels)
        if not wanted:
            return
        await self._open(wanted)
        for label in wanted:
            self._addresses.claim(label, app)
        for label in self._addresses.surplus({*self._directory.all(), *wanted}):
            assert self._server is not None
            await self._server.close_port(label)
            self._addresses.forget(label)

    async def close(self) -> None:
        """Close all ports and break off what is being answered."""
        if self._server is not None:
            await self._server.close()

    async def _open(self, labels: list[str]) -> None:
        async with self._guard:
            for label in labels:
                if self._server is None:
                    self._server = await asyncio.to_thread(self._import)
                if label not in self._server.ports:
                    before = self._addresses.url(label)
                    await self._server.open_port(label, self._addresses.bind(label))
                    after = self._addresses.url(label)
                    if before not in ("", after):
                        _LOG.warning("%s was taken: %s is at %s now", before, label, after)

    def _import(self) -> WebServer:
        from reconciler.engine.web.front import Front
        from reconciler.engine.web.server import WebServer

        front = Front(self._directory, self._tokens, self._exchanges, self._sleep)
        return WebServer(front.answer)
