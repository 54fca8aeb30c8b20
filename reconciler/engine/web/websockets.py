"""WebSockets: the handshake after the app has accepted, then messages both ways."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Final

from aiohttp import WSCloseCode, WSMessage, WSMsgType, web
from modal_proto import api_pb2

from reconciler.engine import limits
from reconciler.engine.web import asgi_messages
from reconciler.engine.web.exchange import Exchange

Asgi = api_pb2.Asgi

_ABNORMAL: Final = 1006


def is_upgrade(request: web.BaseRequest) -> bool:
    """Whether a client asks for a WebSocket."""
    return (
        request.method == "GET"
        and request.headers.get("Upgrade", "").lower() == "websocket"
        and "upgrade" in request.headers.get("Connection", "").lower()
    )


async def serve(request: web.Request, exchange: Exchange) -> web.StreamResponse:
    """Serve a WebSocket until one side closes it."""
    code = _ABNORMAL
    try:
        exchange.push(Asgi(websocket_connect=Asgi.WebsocketConnect()))
        first = await exchange.next()
        if first is None:
            return _refused(HTTPStatus.INTERNAL_SERVER_ERROR, exchange)
        if not first.HasField("websocket_accept"):
            return _refused(HTTPStatus.FORBIDDEN, exchange)
        accepted = first.websocket_accept
        socket = web.WebSocketResponse(
            protocols=(accepted.subprotocol,) if accepted.subprotocol else (),
            max_msg_size=limits.WEB_MESSAGE,
        )
        socket.headers.extend(asgi_messages.answer_headers(accepted.headers, handshake=True))
        socket.headers[asgi_messages.CALL_HEADER] = exchange.call
        await socket.prepare(request)
        reading = asyncio.create_task(_read(socket, exchange))
        try:
            await _write(socket, exchange, reading)
        finally:
            reading.cancel()
        code = socket.close_code or code
    finally:
        exchange.leave(_disconnected(code))
    return socket


async def _read(socket: web.WebSocketResponse, exchange: Exchange) -> None:
    """Pass the client's messages on until it has gone."""
    while True:
        message: WSMessage = await socket.receive()
        match message.type:
            case WSMsgType.TEXT:
                received = Asgi.WebsocketReceive(text=message.data)
            case WSMsgType.BINARY:
                received = Asgi.WebsocketReceive(bytes=message.data)
            case _:
                exchange.push(_disconnected(socket.close_code or _ABNORMAL))
                return
        await exchange.send(Asgi(websocket_receive=received))


async def _write(
    socket: web.WebSocketResponse, exchange: Exchange, reading: asyncio.Task[None]
) -> None:
    """Pass the app's messages on until it closes or has ended, or the client has gone."""
    while True:
        following = asyncio.ensure_future(exchange.next())
        try:
            await asyncio.wait((following, reading), return_when=asyncio.FIRST_COMPLETED)
            if not following.done():
                return
        finally:
            following.cancel()
        message = following.result()
        if message is None:
            result = exchange.result
            succeeded = result and result.status == api_pb2.GenericResult.GENERIC_STATUS_SUCCESS
            await socket.close(code=WSCloseCode.OK if succeeded else WSCloseCode.INTERNAL_ERROR)
            return
        if message.HasField("websocket_close"):
            closing = message.websocket_close
            code = closing.code if closing.HasField("code") else WSCloseCode.OK
            await socket.close(code=code, message=closing.reason.encode())
            return
        sent = message.websocket_send
        if sent.HasField("text"):
            await socket.send_str(sent.text)
        elif sent.HasField("bytes"):
            await socket.send_bytes(sent.bytes)


def _disconnected(code: int) -> Asgi:
    return Asgi(websocket_disconnect=Asgi.WebsocketDisconnect(code=code))


def _refused(status: HTTPStatus, exchange: Exchange) -> web.Response:
    return web.Response(status=status, headers={asgi_messages.CALL_HEADER: exchange.call})
