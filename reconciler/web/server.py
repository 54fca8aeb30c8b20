"""Serves the application on this machine."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from reconciler.errors import ReconcileError

LOOPBACK: Final = "127.0.0.1"
CONNECTIONS: Final = 200
"""Requests at the same time; of more, uvicorn answers 503."""
LONGEST_HEAD: Final = 32 * 1024
"""Bytes of a request's headers."""
ENDING: Final = 2
"""Seconds that requests have to end when the server does."""


def listen(port: int) -> socket.socket:
    """A socket on this machine alone.

    Args:
        port: 0 for a free one.

    Raises:
        ReconcileError: the port is taken or not allowed.
    """
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((LOOPBACK, port))
        found.listen(CONNECTIONS)
    except OSError as error:
        found.close()
        raise ReconcileError(
            f"cannot listen at {LOOPBACK}:{port}: {(error.strerror or str(error)).lower()}",
            remedy="Pass another --port, or none for a free one.",
        ) from error
    return found


class _Server(uvicorn.Server):
    """Leaves signals to the command line, which cancels the task."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(app: ASGIApp, listening: socket.socket, ready: Callable[[], None]) -> None:
    """Serve until the task is cancelled.

    Args:
        ready: is called once requests are answered.
    """
    server = _Server(
        uvicorn.Config(
            app,
            access_log=False,
            log_level="error",
            server_header=False,
            proxy_headers=False,
            ws="none",
            limit_concurrency=CONNECTIONS,
            timeout_graceful_shutdown=ENDING,
            h11_max_incomplete_event_size=LONGEST_HEAD,
        )
    )
    serving = asyncio.create_task(server.serve([listening]))
    try:
        while not server.started and not serving.done():
            await asyncio.sleep(0.01)
        ready()
        await asyncio.shield(serving)
    finally:
        server.should_exit = True
        await serving
