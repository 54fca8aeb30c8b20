"""Answers requests to endpoints: who may enter, the call, and its answer or another address.

The texts of refusals are those of Modal's own front.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl, urlencode

from aiohttp import ClientConnectionError, web
from grpclib.exceptions import GRPCError
from modal_proto import api_pb2

from reconciler.engine import limits
from reconciler.engine.apps import Spec
from reconciler.engine.endpoints import WebEndpoint
from reconciler.engine.time_source import Sleep
from reconciler.engine.web import asgi_messages, websockets
from reconciler.engine.web.directory import Directory
from reconciler.engine.web.exchange import Exchange
from reconciler.engine.web.exchanges import Exchanges
from reconciler.engine.web.proxy_tokens import ProxyTokens

_CALL: Final = "__modal_function_call_id"
_NO_BODY: Final = (204, 304)
_Result = api_pb2.GenericResult
_ENDS: Final = {
    _Result.GENERIC_STATUS_TIMEOUT: "internal error: function execution timed out",
    _Result.GENERIC_STATUS_INTERNAL_FAILURE: "internal error: function was terminated by signal",
    _Result.GENERIC_STATUS_TERMINATED: "internal error: function was terminated by signal",
}


class Relayed(web.StreamResponse):
    """An answer of an app. ``own``: the names of its headers; aiohttp adds some of its own."""

    def __init__(self, status: int, headers: list[tuple[str, str]]) -> None:
        self.own = {name.lower() for name, _ in headers}
        super().__init__(status=status, headers=headers)


class Front:
    """``sleep`` waits for seconds; tests have a clock of their own."""

    def __init__(
        self, directory: Directory, tokens: ProxyTokens, exchanges: Exchanges, sleep: Sleep
    ) -> None:
        self._directory = directory
        self._tokens = tokens
        self._exchanges = exchanges
        self._sleep = sleep

    async def answer(self, request: web.Request, label: str) -> web.StreamResponse:
        """Answer a request to the endpoint with this label."""
        served = self._directory.find(label)
        if served is None or not _is_local(request.host):
            stopped = served is None and self._directory.is_stopped(label)
            what = "app for invoked web endpoint is stopped" if stopped else "invalid function call"
            return _refusal(HTTPStatus.NOT_FOUND, what)
        spec, endpoint = served
        refused = self._unauthorized(request, spec, endpoint)
        if refused is not None:
            return refused
        if asgi_messages.CALL_HEADER in request.headers:
            return _refusal(
                HTTPStatus.BAD_REQUEST, f"{asgi_messages.CALL_HEADER} is not for requests"
            )
        query = asgi_messages.target(request)[1]
        earlier = dict(parse_qsl(query)).get(_CALL)
        try:
            if earlier is not None:
                return await self._again(request, endpoint, earlier)
            if websockets.is_upgrade(request):
                scope = asgi_messages.scope(request, websocket=True)
                exchange = self._exchanges.begin(spec, endpoint, asgi_messages.arguments(scope))
                return await websockets.serve(request, exchange)
            scope = asgi_messages.scope(request)
            exchange = self._exchanges.begin(spec, endpoint, asgi_messages.arguments(scope))
        except GRPCError as error:
            return _refusal(HTTPStatus.SERVICE_UNAVAILABLE, str(error.message))
        return await self._serve(request, exchange)

    def _unauthorized(
        self, request: web.Request, spec: Spec, endpoint: WebEndpoint
    ) -> web.Response | None:
        """The refusal of a request without a proxy token that is good here."""
        if not endpoint.config.requires_proxy_auth:
            return None
        key = request.headers.get("Modal-Key", "")
        secret = request.headers.get("Modal-Secret", "")
        if self._tokens.accepts(key, secret, spec.app.environment):
            return None
        what = "invalid" if key and secret else "missing"
        return _refusal(HTTPStatus.UNAUTHORIZED, f"{what} credentials for proxy authorization")

    async def _serve(self, request: web.Request, exchange: Exchange) -> web.StreamResponse:
        uploading = asyncio.create_task(_upload(request, exchange))
        try:
            return await self._answer(request, exchange)
        finally:
            uploading.cancel()

    async def _again(
        self, request: web.Request, endpoint: WebEndpoint, call: str
    ) -> web.StreamResponse:
        """Answer a client that was sent here after waiting for long."""
        if request.method != "GET":
            return _refusal(HTTPStatus.BAD_REQUEST, "bad redirect method")
        exchange = self._exchanges.fetch(call, endpoint)
        if exchange is None:
            return _refusal(HTTPStatus.NOT_FOUND, "invalid function call")
        return await self._answer(request, exchange, fetching=True)

    async def _answer(
        self, request: web.Request, exchange: Exchange, *, fetching: bool = False
    ) -> web.StreamResponse:
        try:
            first = await self._first(exchange)
        except asyncio.CancelledError:
            if fetching:
                self._exchanges.hold(exchange)
            else:
                exchange.leave(asgi_messages.disconnect())
            raise
        if first is None:
            self._exchanges.hold(exchange)
            return _elsewhere(request, exchange.call)
        try:
            return await _relay(request, exchange, first)
        finally:
            exchange.leave(asgi_messages.disconnect())

    async def _first(self, exchange: Exchange) -> api_pb2.Asgi | _Result | None:
        """The first message of the app, or how the call ended without; None when it takes long."""
        message = asyncio.ensure_future(exchange.next())
        patience = asyncio.ensure_future(self._sleep(limits.WEB_PATIENCE))
        try:
            await asyncio.wait((message, patience), return_when=asyncio.FIRST_COMPLETED)
            if not message.done():
                return None
            return message.result() or exchange.result
        finally:
            message.cancel()
            patience.cancel()


async def _upload(request: web.Request, exchange: Exchange) -> None:
    """Pass the body on, as it comes. The first message goes at once: apps wait 5 s for it."""
    if not request.body_exists:
        exchange.push(asgi_messages.body(b"", more=False))
        return
    exchange.push(asgi_messages.body(b"", more=True))
    try:
        while piece := await request.content.readany():
            await exchange.send(asgi_messages.body(piece, more=True))
    except (web.HTTPException, ClientConnectionError, OSError):
        exchange.push(asgi_messages.disconnect())
        return
    await exchange.send(asgi_messages.body(b"", more=False))


async def _relay(
    request: web.Request, exchange: Exchange, first: api_pb2.Asgi | _Result
) -> web.StreamResponse:
    """Pass the app's answer on. One that breaks off is broken off for the client too."""
    if isinstance(first, _Result) or not first.HasField("http_response_start"):
        result = first if isinstance(first, _Result) else None
        return _refusal(HTTPStatus.INTERNAL_SERVER_ERROR, _why(result), exchange.call)
    start = first.http_response_start
    try:
        response = Relayed(start.status, asgi_messages.answer_headers(start.headers))
        response.headers[asgi_messages.CALL_HEADER] = exchange.call
        await response.prepare(request)
    except ValueError:
        # A line break in a header, or a status that there is not: the app's own defect.
        return _refusal(HTTPStatus.INTERNAL_SERVER_ERROR, _why(None), exchange.call)
    bodyless = request.method == "HEAD" or start.status in _NO_BODY
    while True:
        message = await exchange.next()
        if message is None:
            if request.transport is not None:
                request.transport.abort()
            return response
        piece = message.http_response_body
        if piece.body and not bodyless:
            await response.write(piece.body)
        if message.HasField("http_response_body") and not piece.more_body:
            await response.write_eof()
            return response


def _elsewhere(request: web.Request, call: str) -> web.Response:
    path, query = asgi_messages.target(request)
    kept = [pair for pair in query.split("&") if pair and not pair.startswith(f"{_CALL}=")]
    there = f"{path}?{'&'.join([*kept, urlencode({_CALL: call})])}"
    return web.Response(
        status=HTTPStatus.SEE_OTHER,
        headers={"Location": f"{request.scheme}://{request.host}{there}"},
    )


def _why(result: _Result | None) -> str:
    """What the client reads of a call that ended without an answer."""
    if result is None or result.status == _Result.GENERIC_STATUS_SUCCESS:
        return "internal error: the app did not answer"
    known = _ENDS.get(result.status)
    return known or f"internal error: status Failure: {result.exception}"


def _refusal(status: HTTPStatus, what: str, call: str = "") -> web.Response:
    headers = {asgi_messages.CALL_HEADER: call} if call else {}
    return web.Response(status=status, text=f"modal-http: {what}", headers=headers)


def _is_local(host: str) -> bool:
    """Whether a request names this machine: another name is that of a foreign page, rebound."""
    name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
    return name in ("127.0.0.1", "localhost", "[::1]") or name.endswith(".localhost")
