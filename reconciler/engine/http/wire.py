"""Just enough of HTTP/1.1 for one port on loopback: bodies by length or in chunks, kept alive.

aiohttp's server would take longer to import than the engine takes to start.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Final, TypeAlias
from urllib.parse import parse_qsl, urlsplit

from reconciler.engine import limits

_PIECE: Final = 256 << 10


class BadRequestError(Exception):
    """The other side does not speak HTTP as expected here; the connection is closed."""


@dataclass(frozen=True)
class Request:
    """``body`` must be read to its end, or ``drain`` called, before the answer is sent."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    reader: asyncio.StreamReader

    async def body(self) -> AsyncIterator[bytes]:
        """The body in pieces."""
        if self.headers.get("transfer-encoding", "").lower() == "chunked":
            while length := await self._chunk_length():
                async for piece in self._exactly(length):
                    yield piece
                await self.reader.readexactly(2)
            await self.reader.readuntil(b"\r\n")
            return
        async for piece in self._exactly(_number(self.headers.get("content-length", "0"), 10)):
            yield piece

    async def text(self) -> bytes:
        """The whole body, which may not be large."""
        whole = bytearray()
        async for piece in self.body():
            whole += piece
            if len(whole) > limits.MESSAGE:
                raise BadRequestError
        return bytes(whole)

    async def _chunk_length(self) -> int:
        return _number((await self.reader.readuntil(b"\r\n")).split(b";")[0].strip().decode(), 16)

    async def _exactly(self, length: int) -> AsyncIterator[bytes]:
        if length > limits.BLOB:
            raise BadRequestError
        while length:
            piece = await self.reader.read(min(length, _PIECE))
            if not piece:
                raise BadRequestError
            length -= len(piece)
            yield piece


@dataclass(frozen=True)
class Response:
    """``file``: a file, and the part of it from ``start`` on that is the body."""

    status: HTTPStatus = HTTPStatus.OK
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    file: Path | None = None
    start: int = 0
    length: int = 0


Answer: TypeAlias = Callable[[Request], Awaitable[Response]]


async def serve(answer: Answer) -> asyncio.Server:
    """Listen on a free port of loopback."""

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(BadRequestError, ConnectionError, asyncio.IncompleteReadError, ValueError):
            while request := await _receive(reader):
                await _send(writer, await answer(request), request.method)
        writer.close()

    return await asyncio.start_server(connection, "127.0.0.1", 0, limit=limits.HTTP_HEADER)


async def _receive(reader: asyncio.StreamReader) -> Request | None:
    """None at the end of the connection."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise
        return None
    except asyncio.LimitOverrunError as error:
        raise BadRequestError from error
    first, *lines = head.decode("latin-1").split("\r\n")[:-2]
    words = first.split(" ")
    if len(words) != 3:
        raise BadRequestError
    address = urlsplit(words[1])
    headers = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(":") for line in lines)
    }
    return Request(words[0], address.path, dict(parse_qsl(address.query)), headers, reader)


async def _send(writer: asyncio.StreamWriter, response: Response, method: str) -> None:
    length = response.length if response.file else len(response.body)
    lines = [f"HTTP/1.1 {response.status.value} {response.status.phrase}"]
    lines += [f"{name}: {value}" for name, value in response.headers.items()]
    lines += [f"Content-Length: {length}", "", ""]
    writer.write("\r\n".join(lines).encode("latin-1"))
    if response.file is not None and method != "HEAD":
        with response.file.open("rb") as file:
            loop = asyncio.get_running_loop()
            await loop.sendfile(writer.transport, file, response.start, length)
    else:
        writer.write(response.body)
    await writer.drain()


def _number(text: str, base: int) -> int:
    try:
        number = int(text, base)
    except ValueError as error:
        raise BadRequestError from error
    if number < 0:
        raise BadRequestError
    return number
