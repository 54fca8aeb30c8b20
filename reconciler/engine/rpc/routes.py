"""From a path on the wire to the handler, with the counting and the faults in between."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from sqlite3 import OperationalError
from typing import Any, Final

from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message_factory import GetMessageClass
from grpclib.const import Cardinality
from grpclib.const import Handler as Route
from grpclib.exceptions import GRPCError
from grpclib.server import Stream
from modal_proto import api_pb2

from reconciler.engine.caller import Peer
from reconciler.engine.fault_injection import FaultInjector
from reconciler.engine.rpc_errors import of_full_disk, unimplemented
from reconciler.engine.storage.database import of_disk

SERVICE: Final = api_pb2.DESCRIPTOR.services_by_name["ModalClient"]

CONTAINER: Final = "x-engine-container"
FUNCTION: Final = "x-engine-function"
"""Set by the listener that a call came in by, never taken from the caller."""


def handler_name(method: str) -> str:
    """``VolumeGetFile2`` is handled by ``volume_get_file2``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", method).lower()


@dataclass(frozen=True)
class Routes:
    """All calls of the service. ``slices`` are objects whose methods handle some of them."""

    slices: tuple[object, ...]
    faults: FaultInjector

    def table(self) -> dict[str, Route]:
        """By path, for all listeners alike."""
        routes = {
            f"/{SERVICE.full_name}/{method.name}": Route(
                self._handle(method),
                Cardinality.UNARY_STREAM if method.server_streaming else Cardinality.UNARY_UNARY,
                GetMessageClass(method.input_type),
                GetMessageClass(method.output_type),
            )
            for method in SERVICE.methods
        }
        return _WithUnknown(routes)

    def _find(self, method: str) -> Any:
        name = handler_name(method)
        return next((getattr(part, name) for part in self.slices if hasattr(part, name)), None)

    def _handle(self, method: MethodDescriptor) -> Callable[[Stream[Any, Any]], Awaitable[None]]:
        handler = self._find(method.name)
        empty = GetMessageClass(method.output_type)

        async def missing(stream: Stream[Any, Any]) -> None:
            self.faults.count(method.name, _caller(stream))
            raise unimplemented(method.name)

        async def unary(stream: Stream[Any, Any]) -> None:
            caller = _caller(stream)
            request = await stream.recv_message()
            fault = self.faults.count(method.name, caller)
            await fault.before()
            if fault.forgets:
                caller = replace(caller, key="")
            try:
                response = empty() if fault.skips else await handler(request, caller)
            except GRPCError:
                await fault.after()  # a refusal is an answer too, and can be lost
                raise
            except (OSError, OperationalError) as error:
                problem = of_disk(error)
                if problem is None:
                    raise
                raise of_full_disk(problem) from error
            await fault.after()
            await stream.send_message(response)

        async def many(stream: Stream[Any, Any]) -> None:
            caller = _caller(stream)
            request = await stream.recv_message()
            fault = self.faults.count(method.name, caller)
            await fault.before()
            if not fault.skips:
                async for response in handler(request, caller):
                    await stream.send_message(response)
            await fault.after()

        if handler is None:
            return missing
        return many if method.server_streaming else unary


def _caller(stream: Stream[Any, Any]) -> Peer:
    metadata: Mapping[str, Any] = stream.metadata or {}
    attempt = str(metadata.get("x-retry-attempt", ""))
    return Peer(
        container=str(metadata.get(CONTAINER, "")),
        function=str(metadata.get(FUNCTION, "")),
        version=str(metadata.get("x-modal-client-version", "")),
        key=str(metadata.get("x-idempotency-key", "")),
        attempt=int(attempt) if attempt.isdecimal() else None,
    )


class _WithUnknown(dict[str, Route]):
    """Answers also the paths that the installed protocol does not know.

    grpclib answers those without a content type, which the client takes for a broken connection
    and retries for a minute.
    """

    def get(self, path: str, default: Any = None) -> Any:
        async def unknown(_stream: Stream[Any, Any]) -> None:
            raise unimplemented(path.rpartition("/")[2])

        found = super().get(path, default)
        return found or Route(unknown, Cardinality.UNARY_UNARY, Empty, Empty)
