"""WebSockets through a container."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import uuid4

import aiohttp
import modal
import pytest

from tests.engine.web_client import WEB_APP, url
from tests.engine_fixture import RunningEngine, until


@pytest.fixture
def asgi(client: RunningEngine) -> str:
    client.modal("deploy", str(WEB_APP))
    modal.Dict.from_name("heard", create_if_missing=True).hydrate()
    return url("web-sample", "asgi")


@asynccontextmanager
async def opened(address: str, **options: Any) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(address, **options) as socket,
    ):
        yield socket


def play(scene: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(scene, 30))


def test_messages_go_both_ways_and_empty_ones_too(asgi: str) -> None:
    async def scene() -> None:
        async with opened(asgi) as socket:
            for text in ("hello", "", "ünï"):
                await socket.send_str(text)
                assert await socket.receive_str() == text
            for data in (b"", b"\x00\xff", b"x" * 1_000_000):
                await socket.send_bytes(data)
                assert await socket.receive_bytes() == data

    play(scene())


def test_the_app_chooses_the_subprotocol_and_adds_headers(asgi: str) -> None:
    async def scene() -> None:
        async with opened(asgi, protocols=("chat", "other")) as socket:
            assert socket.protocol == "chat"
            headers = socket._response.headers  # noqa: SLF001  # aiohttp shows them nowhere else
            assert headers["x-hello"] == "you"
            assert headers["Modal-Function-Call-Id"].startswith("fc-")

    play(scene())


def test_an_app_may_refuse_before_the_handshake(asgi: str) -> None:
    async def scene() -> None:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            async with opened(f"{asgi}/refuse"):
                pass
        assert refused.value.status == 403

    play(scene())


def test_an_app_closes_with_a_code_and_a_reason(asgi: str) -> None:
    async def scene() -> None:
        async with opened(asgi) as socket:
            await socket.send_str("close")
            closing = await socket.receive()
            assert (closing.type, closing.data, closing.extra) == (
                aiohttp.WSMsgType.CLOSE,
                4001,
                "as you wish",
            )

    play(scene())


def test_an_app_that_fails_closes_with_an_error(asgi: str) -> None:
    async def scene() -> None:
        async with opened(asgi) as socket:
            await socket.send_str("fail")
            assert (await socket.receive()).data == aiohttp.WSCloseCode.INTERNAL_ERROR

    play(scene())


def test_the_app_hears_how_the_client_closed(asgi: str) -> None:
    key = uuid4().hex

    async def scene() -> None:
        async with opened(f"{asgi}?{key}") as socket:
            await socket.send_str("hello")
            await socket.receive_str()
            await socket.close(code=4002)

    play(scene())
    until(lambda: modal.Dict.from_name("heard").get(key) == 4002)


def test_a_client_that_vanishes_is_noticed(asgi: str) -> None:
    key = uuid4().hex

    async def scene() -> None:
        async with opened(f"{asgi}?{key}") as socket:
            await socket.send_str("hello")
            await socket.receive_str()
            transport = socket._conn and socket._conn.transport  # noqa: SLF001  # as a crash does
            assert transport
            transport.abort()

    play(scene())
    until(lambda: modal.Dict.from_name("heard").get(key) == 1006)


def test_a_message_that_is_too_long_is_refused(asgi: str) -> None:
    async def scene() -> None:
        async with opened(asgi) as socket:
            with suppress(ConnectionError):  # it may be refused before all of it is sent
                await socket.send_bytes(b"x" * (2 << 20) + b"x")
            assert (await socket.receive()).data == aiohttp.WSCloseCode.MESSAGE_TOO_BIG

    play(scene())
