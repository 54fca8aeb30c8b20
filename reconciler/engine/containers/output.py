"""Reads what containers print, as it comes, into the log."""

from __future__ import annotations

import asyncio
import codecs
from typing import Final

from reconciler.engine import limits
from reconciler.engine.containers.container import Container
from reconciler.engine.logs import LogStore

_STDOUT: Final = 1
_STDERR: Final = 2
_ENGINE: Final = 3
_TAIL: Final = 500


class Output:
    """Lines belong to the input that the container was working on when they came."""

    def __init__(self, logs: LogStore) -> None:
        self._logs = logs

    async def follow(self, container: Container) -> str:
        """Until the container has closed its output; returns the end of its stderr."""
        assert container.process is not None
        _, said = await asyncio.gather(
            self._read(container, container.process.stdout, _STDOUT),
            self._read(container, container.process.stderr, _STDERR),
        )
        return said.strip().rpartition("\n")[2]

    def remark(self, container: Container, text: str) -> None:
        """Log a message of the engine about a container."""
        self._logs.add(container.origin, _ENGINE, f"{text}\n")

    def announce(self, container: Container) -> None:
        """Wake the readers of the app's log after a container has ended."""
        self._logs.announce(container.spec.app.id)

    async def _read(self, container: Container, stream: asyncio.StreamReader, fd: int) -> str:
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        tail = ""
        while piece := await stream.read(limits.LOG_LINE):
            text = decoder.decode(piece)
            self._logs.add(container.origin, fd, text)
            tail = (tail + text)[-_TAIL:]
        return tail
