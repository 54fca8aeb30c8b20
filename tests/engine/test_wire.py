"""The engine's own HTTP port, and the protocol's edges that no client of today shows."""

from __future__ import annotations

import asyncio
import hashlib
import http.client
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from google.protobuf.empty_pb2 import Empty
from grpclib.client import Channel, UnaryUnaryMethod
from grpclib.const import Status
from grpclib.exceptions import GRPCError

from reconciler.engine.rpc.routes import SERVICE, handler_name
from tests.engine_fixture import RunningEngine


@pytest.fixture
def connection(engine: RunningEngine) -> Iterator[http.client.HTTPConnection]:
    address = urlsplit(engine.record.http)
    made = http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)
    yield made
    made.close()


def raw(engine: RunningEngine, sent: bytes) -> bytes:
    """What the port answers to some bytes until it closes the connection."""
    address = urlsplit(engine.record.http)
    with socket.create_connection((address.hostname, address.port), timeout=10) as opened:
        opened.sendall(sent)
        opened.shutdown(socket.SHUT_WR)
        received = b""
        while piece := opened.recv(65536):
            received += piece
    return received


def test_controls_want_the_token(connection: http.client.HTTPConnection) -> None:
    for headers in ({}, {"Authorization": "Bearer as-wrong"}):
        connection.request("GET", "/calls", headers=headers)
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (401, b'{"error": "token missing or wrong"}')


def test_contents_want_the_secret_path(connection: http.client.HTTPConnection) -> None:
    connection.request("PUT", f"/guess/blobs/{'0' * 64}", body=b"x")
    assert connection.getresponse().read().startswith(b'{"error"')


def test_controls_report_mistakes(
    engine: RunningEngine, connection: http.client.HTTPConnection
) -> None:
    def ask(method: str, path: str, body: bytes) -> tuple[int, bytes]:
        headers = {"Authorization": f"Bearer {engine.record.token_secret}"}
        connection.request(method, path, body=body, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()

    assert ask("POST", "/faults", b"{not json")[0] == 400
    assert ask("POST", "/faults", b'"text"')[0] == 400
    assert ask("POST", "/fire", b"{}")[0] == 400
    assert b"no function 'f'" in ask("POST", "/fire", b'{"app": "a", "function": "f"}')[1]
    assert ask("GET", "/elsewhere", b"")[0] == 404
    assert ask("GET", "/status", b"")[0] == 200


@pytest.mark.parametrize(
    "sent",
    [
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /calls HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"GET /calls HTTP/1.1\r\nContent-Length: many\r\n\r\n",
        b"GET /calls HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /calls HTTP/1.1\r\nX: " + b"x" * 100_000,
        b"\x00\xff" * 100,
    ],
)
def test_nonsense_ends_the_connection_and_nothing_else(engine: RunningEngine, sent: bytes) -> None:
    assert raw(engine, sent) == b""
    assert engine.status()


def test_an_upload_is_checked_and_can_be_read_in_parts(
    client: RunningEngine, tmp_path: Path
) -> None:
    import modal

    data = b"0123456789" * 500_000
    stored = modal.Volume.from_name("parts", create_if_missing=True)
    (tmp_path / "f").write_bytes(data)
    with stored.batch_upload(force=True) as batch:
        batch.put_file(tmp_path / "f", "/f")
    read = b"".join(stored.read_file("/f"))
    assert hashlib.sha256(read).digest() == hashlib.sha256(data).digest()


def call(engine: RunningEngine, path: str, token: bool = True) -> GRPCError:
    """The error that an empty request on a path is answered with."""
    address = urlsplit(engine.url)
    record = engine.record

    async def go() -> None:
        channel = Channel(address.hostname, address.port)
        shown = {"x-modal-token-id": record.token_id, "x-modal-token-secret": record.token_secret}
        method: UnaryUnaryMethod[Any, Any] = UnaryUnaryMethod(channel, path, Empty, Empty)
        try:
            await method(Empty(), metadata=shown if token else {})
        finally:
            channel.close()

    with pytest.raises(GRPCError) as caught:
        asyncio.run(go())
    return caught.value


@pytest.mark.parametrize("method", ["QueueGetOrCreate", "InventedTomorrow"])
def test_a_missing_call_is_unimplemented_by_name(engine: RunningEngine, method: str) -> None:
    error = call(engine, f"/modal.client.ModalClient/{method}")
    assert error.status is Status.UNIMPLEMENTED
    assert method in (error.message or "")


def test_requests_without_the_token_are_refused(engine: RunningEngine) -> None:
    for method in ("EnvironmentList", "QueueGetOrCreate", "InventedTomorrow"):
        error = call(engine, f"/modal.client.ModalClient/{method}", token=False)
        assert error.status is Status.UNAUTHENTICATED


def test_a_client_is_no_container(engine: RunningEngine) -> None:
    error = call(engine, "/modal.client.ModalClient/FunctionGetInputs")
    assert error.status is Status.FAILED_PRECONDITION


def test_every_call_of_the_protocol_has_a_unique_handler_name() -> None:
    names = [handler_name(method.name) for method in SERVICE.methods]
    assert len(set(names)) == len(names)
    assert handler_name("VolumeGetFile2") == "volume_get_file2"
