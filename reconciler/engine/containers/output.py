"""Reads what containers print, as it comes, into the log."""

from __future__ import annotations

import asyncio
import codecs
import os
from collections.abc import Callable
from contextlib import suppress
from sqlite3 import OperationalError
from typing import Final

from reconciler.engine import limits
from reconciler.engine.containers.container import Container
from reconciler.engine.events import Events
from reconciler.engine.logs import LogStore

_STDOUT: Final = 1
_STDERR: Final = 2
_ENGINE: Final = 3
_TAIL: Final = 500
_PIECES: Final = 4
"""Reads one after the other; then other work has its turn."""


class _Stream:
    """One stream of a container: read when something comes, or at once on demand."""

    def __init__(self, descriptor: int, log: Callable[[str], None]) -> None:
        self.tail = ""
        self._descriptor: int | None = descriptor
        self._log = log
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[None] = self._loop.create_future()
        self._loop.add_reader(descriptor, self.read)

    def read(self) -> None:
        """Log what has arrived, which is at most what a pipe holds."""
        for _ in range(_PIECES):
            if self._descriptor is None:
                return
            try:
                piece = os.read(self._descriptor, limits.LOG_LINE)
            except BlockingIOError:
                return
            text = self._decoder.decode(piece, final=not piece)
            if text:
                # What does not fit on the disk is lost; the run is not.
                with suppress(OSError, OperationalError):
                    self._log(text)
                self.tail = (self.tail + text)[-_TAIL:]
            if not piece:
                self.close()

    def close(self) -> None:
        """Read no more: of a stream that has ended, or that its container left open."""
        if self._descriptor is not None:
            self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = None
        if not self.ended.done():
            self.ended.set_result(None)


class Output:
    """Lines belong to the input that the container was working on when they came."""

    def __init__(self, logs: LogStore, events: Events) -> None:
        self._logs = logs
        self._events = events
        self._streams: dict[str, tuple[_Stream, _Stream]] = {}

    async def follow(self, container: Container) -> str:
        """Until the container has closed its output; returns the end of its stderr."""
        assert container.process is not None

        def into(fd: int) -> Callable[[str], None]:
            def add(text: str) -> None:
                self._events.printed(container.origin.function, text)
                self._logs.add(container.origin, fd, text)

            return add

        out = _Stream(container.process.stdout, into(_STDOUT))
        err = _Stream(container.process.stderr, into(_STDERR))
        self._streams[container.id] = (out, err)
        try:
            await asyncio.gather(out.ended, err.ended)
        finally:
            for stream in self._streams.pop(container.id):
                stream.close()
        return err.tail.strip().rpartition("\n")[2]

    def drain(self, container: Container) -> None:
        """Log what a container has printed so far, before an input of its ends."""
        for stream in self._streams.get(container.id, ()):
            stream.read()

    def remark(self, container: Container, text: str) -> None:
        """Log a message of the engine about a container."""
        self._logs.add(container.origin, _ENGINE, f"{text}\n")

    def announce(self, container: Container) -> None:
        """Wake the readers of the app's log after a container has ended."""
        self._logs.announce(container.spec.app.id)
