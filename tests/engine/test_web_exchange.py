"""What a request keeps in memory, and what is done twice: the exchange without a network."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from modal_proto import api_pb2

from reconciler.engine import limits
from reconciler.engine.endpoints import WebEndpoint
from reconciler.engine.web.exchange import Exchange, LostChunksError

ENDED = api_pb2.GenericResult(status=api_pb2.GenericResult.GENERIC_STATUS_SUCCESS)
PIECE = limits.WEB_AHEAD // 4


def exchange() -> Exchange:
    return Exchange("fc-1", WebEndpoint("label", "name", "", api_pb2.WebhookConfig()))


def up(size: int) -> api_pb2.Asgi:
    return api_pb2.Asgi(http_request=api_pb2.Asgi.HttpRequest(body=b"x" * size, more_body=True))


def down(index: int, size: int = 1) -> tuple[int, bytes]:
    body = api_pb2.Asgi.HttpResponseBody(body=str(index).encode() * size)
    return index, api_pb2.Asgi(http_response_body=body).SerializeToString()


async def _stuck(waiting: Coroutine[Any, Any, object]) -> asyncio.Task[object]:
    """A task that has gone as far as it can."""
    task = asyncio.ensure_future(waiting)
    for _ in range(10):
        await asyncio.sleep(0)
    assert not task.done()
    return task


def test_an_upload_waits_for_the_app() -> None:
    async def play() -> None:
        one = exchange()

        async def upload() -> None:
            for _ in range(100):
                await one.send(up(PIECE))

        uploading = await _stuck(upload())
        received = 0
        async for _, data in one.to_app(0):
            received += len(data)
            if received > 100 * PIECE:
                break
        await uploading

    asyncio.run(play())


def test_an_upload_does_not_wait_for_an_app_that_has_ended() -> None:
    async def play() -> None:
        one = exchange()

        async def upload() -> None:
            for _ in range(100):
                await one.send(up(PIECE))

        uploading = await _stuck(upload())
        one.end(ENDED)
        await uploading

    asyncio.run(play())


def test_an_app_waits_for_a_slow_reader() -> None:
    async def play() -> None:
        one = exchange()
        sending = await _stuck(one.accept([down(1, limits.WEB_AHEAD), down(2)]))
        assert await one.next() is not None
        await sending

    asyncio.run(play())


def test_an_app_does_not_wait_for_a_reader_that_has_gone() -> None:
    async def play() -> None:
        one = exchange()
        sending = await _stuck(one.accept([down(1, limits.WEB_AHEAD), down(2)]))
        one.leave(up(0))
        await sending
        await one.accept([down(3, limits.WEB_AHEAD)])

    asyncio.run(play())


def test_what_an_app_sends_twice_is_taken_once() -> None:
    async def play() -> None:
        one = exchange()
        await one.accept([down(1), down(2)])
        await one.accept([down(1), down(2), down(3)])
        one.end(ENDED)
        found = []
        while message := await one.next():
            found.append(message.http_response_body.body)
        assert found == [b"1", b"2", b"3"]

    asyncio.run(play())


def test_a_stream_to_the_app_ends_with_the_call_and_no_earlier() -> None:
    async def play() -> None:
        one = exchange()
        one.push(up(1))

        async def read() -> list[int]:
            return [index async for index, _ in one.to_app(0)]

        reading = await _stuck(read())
        one.push(up(1))
        reading = await _stuck(asyncio.wait_for(reading, 5))
        one.end(ENDED)
        assert await reading == [1, 2]

    asyncio.run(play())


def test_a_stream_that_broke_off_goes_on_where_it_was() -> None:
    async def play() -> None:
        one = exchange()
        for _ in range(3):
            one.push(up(1))
        first = one.to_app(0)
        assert [(await anext(first))[0] for _ in range(3)] == [1, 2, 3]
        again = one.to_app(1)
        assert (await anext(again))[0] == 2

    asyncio.run(play())


def test_a_stream_is_not_resumed_with_a_gap() -> None:
    async def play() -> None:
        one = exchange()
        stream = one.to_app(0)
        for _ in range(20):
            await one.send(up(PIECE))
            await anext(stream)
        with pytest.raises(LostChunksError):
            await anext(one.to_app(1))

    asyncio.run(play())
