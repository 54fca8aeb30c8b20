"""One request on its way through a container: messages to the app, messages from it, its end.

Both directions are bounded in bytes: who writes waits until the other side has read.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable
from typing import Final

from modal_proto import api_pb2

from reconciler.engine import limits
from reconciler.engine.endpoints import WebEndpoint

Asgi = api_pb2.Asgi


_OVERHEAD: Final = 64


def _size(data: bytes) -> int:
    """What a message takes in memory: many small ones count too."""
    return len(data) + _OVERHEAD


class LostChunksError(Exception):
    """A container asks again for messages that are no longer kept."""


class _ToApp:
    """Messages with their index, from 1. Some that were sent are kept: a stream may break off."""

    def __init__(self) -> None:
        self._kept: deque[tuple[int, bytes]] = deque()
        self._size = 0
        self._unsent = 0
        self._index = 0
        self._sent = 0

    @property
    def full(self) -> bool:
        return self._unsent > limits.WEB_AHEAD

    def add(self, message: Asgi) -> None:
        data = message.SerializeToString()
        self._index += 1
        self._kept.append((self._index, data))
        self._size += _size(data)
        self._unsent += _size(data)

    def after(self, index: int) -> tuple[int, bytes] | None:
        """The message that follows one. Raises LostChunksError."""
        if not self._kept:
            return None
        place = index + 1 - self._kept[0][0]
        if place < 0:
            raise LostChunksError
        return self._kept[place] if place < len(self._kept) else None

    def mark(self, index: int, data: bytes) -> None:
        """A message was sent."""
        if index > self._sent:
            self._sent = index
            self._unsent -= _size(data)
        while self._size > limits.WEB_AHEAD and self._kept[0][0] < self._sent:
            self._size -= _size(self._kept.popleft()[1])


class Exchange:
    """``result`` is None until the call has ended."""

    def __init__(self, call: str, endpoint: WebEndpoint) -> None:
        self.call = call
        self.endpoint = endpoint
        self.result: api_pb2.GenericResult | None = None
        self._to_app = _ToApp()
        self._from_app: deque[tuple[Asgi, int]] = deque()
        self._waiting = 0
        self._received = 0
        self._abandoned = False
        self._changed = asyncio.Event()

    # The client's side

    async def send(self, message: Asgi) -> None:
        """Send a message to the app; waits while too much is on its way."""
        while self._to_app.full and self.result is None:
            await self._news()
        self.push(message)

    def push(self, message: Asgi) -> None:
        """Send a message to the app without waiting."""
        if self.result is None:
            self._to_app.add(message)
            self._changed.set()

    async def next(self) -> Asgi | None:
        """The next message of the app; None when the call has ended and nothing is left."""
        while not self._from_app:
            if self.result is not None:
                return None
            await self._news()
        message, size = self._from_app.popleft()
        self._waiting -= size
        self._changed.set()
        return message

    def leave(self, last: Asgi) -> None:
        """The client has gone, or has all: ``last`` says so to the app, the rest is discarded."""
        self.push(last)
        self._abandoned = True
        self._from_app.clear()
        self._waiting = 0
        self._changed.set()

    # The container's side

    async def to_app(self, after: int) -> AsyncIterator[tuple[int, bytes]]:
        """The messages after one, until the call has ended.

        A stream that ended earlier would be opened again at once, over and over.

        Raises:
            LostChunksError: earlier ones than are kept were asked for.
        """
        while self.result is None:
            found = self._to_app.after(after)
            if found is None:
                await self._news()
                continue
            yield found
            after = found[0]
            self._to_app.mark(*found)
            self._changed.set()

    async def accept(self, messages: Iterable[tuple[int, bytes]]) -> None:
        """Take serialised messages of the app; returns when the client has read most of them.

        A repeated call carries the same indices: what is known is dropped.
        """
        for index, data in messages:
            if index <= self._received:
                continue
            self._received = index
            message = Asgi.FromString(data)
            if self._abandoned or message.WhichOneof("type") is None:
                continue
            self._from_app.append((message, _size(data)))
            self._waiting += _size(data)
        self._changed.set()
        while self._waiting > limits.WEB_AHEAD and self.result is None:
            await self._news()

    def end(self, result: api_pb2.GenericResult) -> None:
        """The call has ended."""
        self.result = result
        self._changed.set()

    async def _news(self) -> None:
        """Until something has changed. To be called right after looking, without an ``await``."""
        self._changed.clear()
        await self._changed.wait()
