"""What calls printed, through the public SDK."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from math import inf

import modal
from modal.exception import NotFoundError
from modal.types import LogEntry

from reconciler.deploy.ports import CallGoneError, OutputLine
from reconciler.dispatch.adapters.modal_calls import translated_errors


class ModalOutput:
    """The logs of calls, which Modal keeps for as long as the plan says."""

    async def kept(self, call: str) -> AsyncIterator[OutputLine]:
        """See :class:`~reconciler.deploy.ports.CallOutput`."""
        handle = await _known(call)
        with translated_errors(f"read the output of the call {call}", patient=True):
            async for line in _lines(handle.logs.fetch.aio()):
                yield line

    async def follow(self, call: str) -> AsyncIterator[OutputLine]:
        """See :class:`~reconciler.deploy.ports.CallOutput`."""
        handle = await _known(call)
        # A function that prints nothing is no silence of Modal.
        with translated_errors(f"follow the output of the call {call}", due=inf):
            async for line in _lines(handle.logs.stream.aio()):
                yield line


async def _known(call: str) -> modal.FunctionCall[object]:
    """The call, asked for first: of one that is gone the client looks for the logs for seconds."""
    handle: modal.FunctionCall[object] = modal.FunctionCall.from_id(call)
    with translated_errors(f"look up the call {call}"):
        try:
            await handle.num_inputs.aio()
        except NotFoundError as error:
            raise CallGoneError(call) from error
    return handle


async def _lines(entries: AsyncIterator[LogEntry]) -> AsyncIterator[OutputLine]:
    joiner = LineJoiner()
    async for entry in entries:
        for line in joiner.add(entry.timestamp, entry.source, entry.message):
            yield line
    for line in joiner.rest():
        yield line


@dataclass
class LineJoiner:
    """Makes lines of pieces: what is printed comes as it was flushed."""

    _open: dict[str, OutputLine] = field(default_factory=dict)

    def add(self, at: datetime, source: str, text: str) -> Iterator[OutputLine]:
        """The lines that this piece completes."""
        begun = self._open.pop(source, None)
        if begun is not None:
            at, text = begun.at, begun.text + text
        *whole, rest = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        for line in whole:
            yield OutputLine(at, source, line)
        if rest:
            self._open[source] = OutputLine(at, source, rest)

    def rest(self) -> Iterator[OutputLine]:
        """What was not ended by a line break."""
        yield from self._open.values()
        self._open.clear()
