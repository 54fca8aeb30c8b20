"""A gRPC listener that identifies its peer: clients by their token, a container by its socket."""

from __future__ import annotations

import hmac
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf.message import Message
from grpclib.config import Configuration
from grpclib.const import Handler as Route
from grpclib.const import Status
from grpclib.encoding.base import StatusDetailsCodecBase
from grpclib.events import RecvRequest, listen
from grpclib.server import Server
from modal_proto import api_pb2

from reconciler.engine.rpc import routes
from reconciler.engine.rpc_errors import unauthenticated

_WINDOW = 16 << 20
_CONFIGURATION = Configuration(
    http2_connection_window_size=_WINDOW, http2_stream_window_size=_WINDOW
)


@dataclass(frozen=True)
class ClientToken:
    """The credentials that a client must send."""

    id: str
    secret: str

    def accepts(self, metadata: Mapping[str, Any]) -> bool:
        shown = f"{metadata.get('x-modal-token-id')}:{metadata.get('x-modal-token-secret')}"
        return hmac.compare_digest(shown.encode(), f"{self.id}:{self.secret}".encode())


class _Details(StatusDetailsCodecBase):
    """Structured reasons beside an error, in the form that modal's client reads."""

    def encode(
        self, status: Status, message: str | None, details: Sequence[Message] | None
    ) -> bytes:
        encoded = api_pb2.RPCStatus(code=status.value, message=message or "")
        for detail in details or ():
            encoded.details.add().Pack(detail)
        return encoded.SerializeToString()

    def decode(self, status: Status, message: str | None, data: bytes) -> None:
        """Servers do not receive any."""
        raise NotImplementedError


class _Listener(Server):
    """grpclib's server, given its routes ready made."""

    def __init__(self, table: dict[str, Route]) -> None:
        super().__init__([], config=_CONFIGURATION, status_details_codec=_Details())
        self._mapping = table


async def start(server: Server, port: int) -> int:
    """Listen on a port of loopback, 0 for a free one; returns which. Raises OSError."""
    # The protocol is named, or asyncio leaves TCP_NODELAY off and each call waits for 40 ms.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
    except OSError:
        listening.close()
        raise
    await server.start(sock=listening)
    return int(listening.getsockname()[1])


def for_clients(table: dict[str, Route], token: ClientToken) -> Server:
    """The listener on a TCP port; it refuses calls without the token."""

    async def check(event: RecvRequest) -> None:
        if not token.accepts(event.metadata):
            raise unauthenticated("Token missing or wrong for this engine; see `engine env`.")
        for name in (routes.CONTAINER, routes.FUNCTION):
            event.metadata.pop(name, None)

    server = _Listener(table)
    listen(server, RecvRequest, check)
    return server


async def for_container(
    table: dict[str, Route], path: Path, container: str, function: str
) -> Server:
    """Listens on a socket of the container's own, in a folder that only its user can enter."""

    async def name(event: RecvRequest) -> None:
        event.metadata[routes.CONTAINER] = container
        event.metadata[routes.FUNCTION] = function

    server = _Listener(table)
    listen(server, RecvRequest, name)
    await server.start(path=str(path))
    return server
