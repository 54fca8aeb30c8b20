"""Calls of functions, their inputs and outputs, kept until 7 days after the last one's end."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import IntEnum

from modal_proto import api_pb2

from reconciler.engine import limits
from reconciler.engine.ids import IdKind, new_id
from reconciler.engine.rpc_errors import conflict
from reconciler.engine.storage.database import Database
from reconciler.engine.time_source import TimeSource


class InputState(IntEnum):
    """How far an input is; the numbers are stored."""

    WAITING = 0
    RUNNING = 1
    DONE = 2


@dataclass(frozen=True)
class Input:
    """One input of a call. ``attempt`` counts from 0; ``crashes``: containers it has lost.

    ``web``: it is a request to a web endpoint, which is never tried again.
    """

    id: str
    call: str
    function: str
    index: int
    body: api_pb2.FunctionInput
    invocation: api_pb2.FunctionCallInvocationType.ValueType
    attempt: int = 0
    crashes: int = 0
    web: bool = False

    def again(self, *, crashed: bool = False) -> Input:
        """The same input for another attempt. A crash does not use up one of its retries."""
        if crashed:
            return replace(self, crashes=self.crashes + 1)
        return replace(self, attempt=self.attempt + 1)


class Calls:
    """The record of calls. Waiting for news of a call costs nothing while there is none.

    ``ended`` is called with each input that has ended, and its result.
    """

    def __init__(self, database: Database, clock: TimeSource) -> None:
        self._database = database
        self._clock = clock
        self._news: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._unfinished = len(self.unfinished_inputs())
        self.ended: Callable[[Input, api_pb2.GenericResult], None] = lambda *_: None

    @property
    def unfinished(self) -> int:
        """Inputs that wait or run, over all calls."""
        return self._unfinished

    def _create(
        self,
        function: str,
        invocation: api_pb2.FunctionCallInvocationType.ValueType,
        *,
        web: bool = False,
    ) -> str:
        """A call without inputs; returns its id."""
        identifier = new_id(IdKind.CALL)
        self._database.run(
            "INSERT INTO calls (id, function, invocation, created, web) VALUES (?, ?, ?, ?, ?)",
            identifier,
            function,
            invocation,
            self._clock.now(),
            web,
        )
        return identifier

    def begin(
        self,
        function: str,
        invocation: api_pb2.FunctionCallInvocationType.ValueType,
        items: list[api_pb2.FunctionPutInputsItem],
    ) -> tuple[str, list[Input]]:
        """A call with its first inputs, in one step; returns its id and the inputs."""
        with self._database.transaction():
            call = self._create(function, invocation)
            return call, self.add(call, items)

    def begin_web(self, function: str, given: api_pb2.FunctionInput) -> Input:
        """The call of a request. Its arguments are not stored: headers hold secrets."""
        stored = api_pb2.FunctionInput(method_name=given.method_name)
        with self._database.transaction():
            call = self._create(function, api_pb2.FUNCTION_CALL_INVOCATION_TYPE_SYNC, web=True)
            (one,) = self.add(call, [api_pb2.FunctionPutInputsItem(input=stored)])
        return replace(one, body=given, web=True)

    def is_web(self, call: str) -> bool:
        """Whether a call is a request to a web endpoint."""
        row = self._database.row("SELECT web FROM calls WHERE id = ?", call)
        return bool(row and row[0])

    def function(self, call: str) -> str | None:
        """The id of the function that a call is of; None for an unknown or expired call."""
        row = self._database.row("SELECT function FROM calls WHERE id = ?", call)
        return str(row[0]) if row else None

    def created(self, call: str) -> float:
        """When a call began, epoch seconds; 0 for an unknown one."""
        row = self._database.row("SELECT created FROM calls WHERE id = ?", call)
        return float(row[0]) if row else 0.0

    def add(self, call: str, items: list[api_pb2.FunctionPutInputsItem]) -> list[Input]:
        """Give a call more inputs, all or none."""
        row = self._database.row("SELECT function, invocation FROM calls WHERE id = ?", call)
        if row is None:
            raise conflict(f"Function call {call} does not exist or has expired")
        if self._unfinished + len(items) > limits.PENDING_INPUTS:
            raise conflict(f"More than {limits.PENDING_INPUTS} inputs are waiting")
        function, invocation = row
        inputs = [
            Input(new_id(IdKind.INPUT), call, function, item.idx, item.input, invocation)
            for item in items
        ]
        with self._database.transaction():
            for one in inputs:
                self._database.run(
                    "INSERT INTO inputs (id, call, idx, state, body) VALUES (?, ?, ?, ?, ?)",
                    one.id,
                    call,
                    one.index,
                    InputState.WAITING,
                    one.body.SerializeToString(),
                )
        self._unfinished += len(inputs)
        return inputs

    def set_state(self, one: Input, state: InputState) -> bool:
        """Waiting or running; ``finish`` ends it. False if it has ended meanwhile."""
        changed = self._database.run(
            "UPDATE inputs SET state = ?, attempt = ? WHERE id = ? AND state < ?",
            state,
            one.attempt,
            one.id,
            InputState.DONE,
        )
        return changed > 0

    def finish(self, one: Input, output: api_pb2.FunctionGetOutputsItem) -> bool:
        """Record how an input ended; the first end counts, a later one returns False."""
        changed = self._database.run(
            "UPDATE inputs SET state = ?, output = ?, finished = ?,"
            " seq = (SELECT coalesce(max(seq), 0) + 1 FROM inputs WHERE call = ?)"
            " WHERE id = ? AND state < ?",
            InputState.DONE,
            output.SerializeToString(),
            self._clock.now(),
            one.call,
            one.id,
            InputState.DONE,
        )
        if changed:
            self._unfinished -= 1
            self.announce(one.call)
            self.ended(one, output.result)
        return changed > 0

    def outputs(
        self, call: str, after: int, first: int | None, last: int | None, most: int
    ) -> list[tuple[int, api_pb2.FunctionGetOutputsItem]]:
        """Outputs with their place in the order of completion, of inputs ``first`` to ``last``."""
        rows = self._database.rows(
            "SELECT seq, output FROM inputs WHERE call = ? AND seq > ?"
            " AND (? IS NULL OR idx >= ?) AND (? IS NULL OR idx <= ?) ORDER BY seq LIMIT ?",
            call,
            after,
            first,
            first,
            last,
            last,
            most,
        )
        return [(seq, api_pb2.FunctionGetOutputsItem.FromString(body)) for seq, body in rows]

    def counts(self, call: str) -> tuple[int, int]:
        """How many inputs a call has, and how many of these have not ended."""
        row = self._database.row(
            "SELECT count(*), count(*) - count(seq) FROM inputs WHERE call = ?", call
        )
        return (row[0], row[1]) if row else (0, 0)

    def unfinished_inputs(self, call: str | None = None) -> list[Input]:
        """Inputs that have not ended, of one call or of all, oldest call first."""
        rows = self._database.rows(
            "SELECT inputs.id, call, function, idx, body, invocation, attempt, web FROM inputs"
            " JOIN calls ON calls.id = call WHERE inputs.state < ? AND (? IS NULL OR call = ?)"
            " ORDER BY calls.created, inputs.rowid",
            InputState.DONE,
            call,
            call,
        )
        return [
            Input(
                identifier,
                owner,
                function,
                index,
                api_pb2.FunctionInput.FromString(body),
                invocation,
                attempt,
                web=bool(web),
            )
            for identifier, owner, function, index, body, invocation, attempt, web in rows
        ]

    def add_chunks(self, call: str, chunks: list[api_pb2.DataChunk]) -> None:
        """Keep what a generator yielded. A chunk that comes twice is kept once."""
        with self._database.transaction():
            for chunk in chunks:
                self._database.run(
                    "INSERT OR REPLACE INTO chunks VALUES (?, ?, ?)",
                    call,
                    chunk.index,
                    chunk.SerializeToString(),
                )
        self.announce(call)

    def chunks(self, call: str, after: int) -> list[api_pb2.DataChunk]:
        rows = self._database.rows(
            "SELECT body FROM chunks WHERE call = ? AND idx > ? ORDER BY idx", call, after
        )
        return [api_pb2.DataChunk.FromString(body) for (body,) in rows]

    def announce(self, call: str) -> None:
        """Wake all who wait for news of a call."""
        if call in self._news:
            self._news.pop(call).set()

    async def wait(self, call: str, seconds: float) -> bool:
        """Until there is news of a call; False if there was none in time."""
        news = self._news[call]
        try:
            await asyncio.wait_for(news.wait(), max(0.0, min(seconds, limits.LONG_POLL)))
        except TimeoutError:
            return False
        return True

    def expire(self) -> None:
        """Drop calls whose last input ended too long ago."""
        self._database.run(
            "DELETE FROM calls WHERE created < ?1 AND NOT EXISTS"
            " (SELECT 1 FROM inputs WHERE call = calls.id AND (state < ?2 OR finished >= ?1))",
            self._clock.now() - limits.RESULT_AGE,
            InputState.DONE,
        )
