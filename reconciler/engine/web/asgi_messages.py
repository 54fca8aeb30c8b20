"""HTTP on one side, the ASGI messages of Modal's protocol on the other.

Headers travel as a flat list of bytes: name, value, name, value.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Sequence
from typing import Any, Final
from urllib.parse import unquote_to_bytes, urlsplit

from aiohttp import web
from modal_proto import api_pb2

Asgi = api_pb2.Asgi

CALL_HEADER: Final = "Modal-Function-Call-Id"

_HOP_BY_HOP: Final = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_NOT_FOR_APPS: Final = _HOP_BY_HOP | {
    "expect",
    "modal-key",
    "modal-secret",
    # The container runtime adds it itself, from the address of the client.
    "x-forwarded-for",
}
_OF_HANDSHAKES: Final = frozenset(
    {
        "sec-websocket-accept",
        "sec-websocket-extensions",
        "sec-websocket-protocol",
    }
)


def target(request: web.BaseRequest) -> tuple[str, str]:
    """Path and query as the client sent them, percent signs and all."""
    raw = request.raw_path
    if not raw.startswith("/"):
        parts = urlsplit(raw)  # the form that clients send to proxies
        return parts.path or "/", parts.query
    path, _, query = raw.partition("#")[0].partition("?")
    return path, query


def scope(request: web.BaseRequest, *, websocket: bool = False) -> dict[str, Any]:
    """What the app is called with; Modal's protocol knows no other keys.

    A key ``asgi`` with a version would make Starlette wait for an error from ``send`` that never
    comes, instead of for the message that the client has gone.
    """
    path, query = target(request)
    peer = request.transport.get_extra_info("peername") if request.transport else None
    found: dict[str, Any] = {
        "type": "websocket" if websocket else "http",
        "http_version": f"{request.version.major}.{request.version.minor}",
        "scheme": "ws" if websocket else "http",
        "path": unquote_to_bytes(path).decode(errors="replace"),
        "query_string": query.encode(errors="surrogateescape"),
        "headers": [
            (name.lower(), value)
            for name, value in request.raw_headers
            if name.lower().decode("latin-1") not in _NOT_FOR_APPS
        ],
        "client": (peer[0], peer[1]) if peer else ("127.0.0.1", 0),
        "extensions": {"http.response.trailers": {}},
    }
    if websocket:
        found["subprotocols"] = subprotocols(request)
    else:
        found["method"] = request.method
    return found


def subprotocols(request: web.BaseRequest) -> list[str]:
    """The subprotocols that the client of a WebSocket offers."""
    offered = request.headers.getall("Sec-WebSocket-Protocol", [])
    return [one.strip() for line in offered for one in line.split(",") if one.strip()]


def arguments(of: dict[str, Any]) -> bytes:
    """The arguments of the call, as the container unpacks them."""
    return pickle.dumps(((of,), {}), protocol=4)


def body(piece: bytes, *, more: bool) -> Asgi:
    """A piece of a request's body."""
    return Asgi(http_request=Asgi.HttpRequest(body=piece, more_body=more))


def disconnect() -> Asgi:
    """The client has gone, or has its whole answer."""
    return Asgi(http_disconnect=Asgi.HttpDisconnect())


def answer_headers(flat: Sequence[bytes], *, handshake: bool = False) -> list[tuple[str, str]]:
    """Headers of an app, without those that belong to one connection.

    aiohttp sends UTF-8: bytes that are no UTF-8 are read as Latin-1 and change.
    """
    dropped = _HOP_BY_HOP | _OF_HANDSHAKES if handshake else _HOP_BY_HOP
    return [(name, value) for name, value in _pairs(flat) if name.lower() not in dropped]


def _pairs(flat: Sequence[bytes]) -> Iterable[tuple[str, str]]:
    for name, value in zip(flat[::2], flat[1::2], strict=False):
        yield name.decode("latin-1"), _text(value)


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
