"""An app with each kind of web endpoint, as a user would write it."""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import modal

app = modal.App("web-sample")
heard = modal.Dict.from_name("heard", create_if_missing=True)

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


async def _start(send: Send, status: int = 200, *headers: tuple[bytes, bytes]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})


async def _piece(send: Send, body: bytes, more: bool = False) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": more})


async def _body(receive: Receive) -> bytes:
    whole, more = b"", True
    while more:
        message = await receive()
        whole += message.get("body", b"")
        more = message.get("more_body", False)
    return whole


async def show_scope(scope: Scope, receive: Receive, send: Send) -> None:
    await _body(receive)
    await _start(send, 200, (b"content-type", b"text/plain"))
    await _piece(send, repr(scope).encode())


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    await _start(send, 201, (b"X-Twice", b"1"), (b"X-Twice", b"2"), (b"connection", b"close"))
    more = True
    while more:
        message = await receive()
        more = message.get("more_body", False)
        await _piece(send, message.get("body", b""), more)


async def first(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the first message alone."""
    message = await receive()
    await _start(send)
    await _piece(send, repr(message).encode())


async def large(scope: Scope, receive: Receive, send: Send) -> None:
    size = int(scope["query_string"])
    await _start(send, 200, (b"content-length", str(size).encode()))
    await _piece(send, b"x" * size)


async def trickle(scope: Scope, receive: Receive, send: Send) -> None:
    """Sends until the client has gone, then says so."""
    await _start(send)
    gone = asyncio.ensure_future(_disconnected(receive))
    while not gone.done():
        await _piece(send, b"tick\n", True)
        await asyncio.wait([gone], timeout=0.05)
    await heard.put.aio(scope["query_string"].decode(), "disconnected")


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def half(scope: Scope, receive: Receive, send: Send) -> None:
    await _start(send)
    await _piece(send, b"half", True)
    raise RuntimeError("broken off")


async def silent(scope: Scope, receive: Receive, send: Send) -> None:
    raise RuntimeError("nothing was sent")


async def bare(scope: Scope, receive: Receive, send: Send) -> None:
    await _start(send)
    await _piece(send, b"bare")


async def injection(scope: Scope, receive: Receive, send: Send) -> None:
    await _start(send, 200, (b"X-Bad", b"a\r\nX-Worse: b"))
    await _piece(send, b"")


async def empty(scope: Scope, receive: Receive, send: Send) -> None:
    await _start(send, 204)
    await _piece(send, b"nobody may see this")


async def die(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    os.kill(os.getpid(), signal.SIGKILL)


async def hang(scope: Scope, receive: Receive, send: Send) -> None:
    await asyncio.sleep(3600)


async def websocket(scope: Scope, receive: Receive, send: Send) -> None:
    assert (await receive())["type"] == "websocket.connect"
    if scope["path"] == "/refuse":
        await send({"type": "websocket.close", "code": 1008})
        return
    chosen = scope["subprotocols"][0] if scope["subprotocols"] else None
    await send(
        {"type": "websocket.accept", "subprotocol": chosen, "headers": [(b"x-hello", b"you")]}
    )
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            await heard.put.aio(scope["query_string"].decode(), message["code"])
            return
        if message.get("text") == "close":
            await send({"type": "websocket.close", "code": 4001, "reason": "as you wish"})
            return
        if message.get("text") == "fail":
            raise RuntimeError("inside a WebSocket")
        kept = {key: message[key] for key in ("text", "bytes") if message.get(key) is not None}
        await send({"type": "websocket.send", **kept})


PATHS = {
    "/bare": bare,
    "/die": die,
    "/echo": echo,
    "/empty": empty,
    "/first": first,
    "/half": half,
    "/hang": hang,
    "/injection": injection,
    "/large": large,
    "/silent": silent,
    "/trickle": trickle,
}


async def raw(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await websocket(scope, receive, send)
    elif scope["type"] == "http":
        await PATHS.get(scope["path"], show_scope)(scope, receive, send)


@app.function(max_containers=1)
@modal.concurrent(max_inputs=50)
@modal.asgi_app()
def asgi() -> Any:
    return raw


@app.function(timeout=1)
@modal.asgi_app()
def impatient() -> Any:
    return raw


@app.function()
@modal.wsgi_app()
def wsgi() -> Any:
    def serve(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        read = environ["wsgi.input"].read()
        start_response("202 Accepted", [("X-Path", environ["PATH_INFO"])])
        yield environ["REQUEST_METHOD"].encode() + b" "
        yield read

    return serve


@app.function()
@modal.fastapi_endpoint(method="POST", docs=True)
def add(numbers: dict[str, int]) -> dict[str, int]:
    return {"sum": sum(numbers.values())}


@app.function()
@modal.fastapi_endpoint(requires_proxy_auth=True, label="guarded-by-tokens")
def guarded() -> str:
    return "inside"


@app.function(max_containers=1)
@modal.concurrent(max_inputs=2)
@modal.fastapi_endpoint()
async def together() -> float:
    began = time.time()
    await asyncio.sleep(0.5)
    return began


@app.cls()
class Shop:
    @modal.enter()
    def fill(self) -> None:
        self.stock = 7

    @modal.fastapi_endpoint()
    def stock_left(self) -> int:
        return self.stock

    @modal.asgi_app()
    def pages(self) -> Any:
        return raw

    @modal.method()
    def sold(self) -> int:
        return 1


@app.function()
def urls() -> dict[str, str | None]:
    """The addresses that code in a container sees."""
    return {"own": asgi.get_web_url(), "method": Shop().pages.get_web_url()}
