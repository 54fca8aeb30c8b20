"""The requests that are on their way, and those whose answer is still to be fetched."""

from __future__ import annotations

from modal_proto import api_pb2

from reconciler.engine import limits
from reconciler.engine.apps import Spec
from reconciler.engine.calls import Calls, Input
from reconciler.engine.containers.pool import Pool
from reconciler.engine.endpoints import WebEndpoint
from reconciler.engine.storage.blobs import Blobs
from reconciler.engine.web.exchange import Exchange


class Exchanges:
    """Made by the front, found by the container's calls."""

    def __init__(self, calls: Calls, pool: Pool, blobs: Blobs) -> None:
        self._calls = calls
        self._pool = pool
        self._blobs = blobs
        self._open: dict[str, Exchange] = {}
        self._held: dict[str, Exchange] = {}
        calls.ended = self._end

    def begin(self, spec: Spec, endpoint: WebEndpoint, arguments: bytes) -> Exchange:
        """Start the call of a request."""
        given = api_pb2.FunctionInput(
            args=arguments,
            data_format=api_pb2.DATA_FORMAT_PICKLE,
            method_name=endpoint.method,
        )
        one = self._calls.begin_web(spec.id, given)
        exchange = self._open[one.call] = Exchange(one.call, endpoint)
        self._pool.submit([one])
        return exchange

    def find(self, call: str) -> Exchange | None:
        """The exchange of a call that has not ended."""
        return self._open.get(call)

    def is_web(self, call: str) -> bool:
        """Whether a call was a request, also when it has ended."""
        return call in self._open or self._calls.is_web(call)

    def hold(self, exchange: Exchange) -> None:
        """Keep an exchange for the client that comes back for its answer."""
        self._held[exchange.call] = exchange
        while len(self._held) > limits.HELD_ANSWERS:
            oldest = self._held.pop(next(iter(self._held)))
            oldest.leave(api_pb2.Asgi(http_disconnect=api_pb2.Asgi.HttpDisconnect()))

    def fetch(self, call: str, endpoint: WebEndpoint) -> Exchange | None:
        """The exchange that was held; it is handed out once, and to its own endpoint only."""
        held = self._held.get(call)
        if held is None or held.endpoint.label != endpoint.label:
            return None
        return self._held.pop(call)

    async def accept(self, call: str, chunks: list[api_pb2.DataChunk]) -> None:
        """Take what an app has sent; ignored when the request has ended."""
        exchange = self._open.get(call)
        if exchange is not None:
            await exchange.accept([(chunk.index, self._data(chunk)) for chunk in chunks])

    def _data(self, chunk: api_pb2.DataChunk) -> bytes:
        if not chunk.data_blob_id:
            return chunk.data
        return self._blobs.path(chunk.data_blob_id.removeprefix("bl-")).read_bytes()

    def _end(self, one: Input, result: api_pb2.GenericResult) -> None:
        exchange = self._open.pop(one.call, None)
        if exchange is not None:
            exchange.end(result)
