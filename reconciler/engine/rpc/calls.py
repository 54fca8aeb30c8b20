"""Calling functions and getting their results."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator

from google.protobuf.empty_pb2 import Empty
from modal_proto import api_pb2

from reconciler.engine import limits
from reconciler.engine.apps import AppStore
from reconciler.engine.caller import Peer
from reconciler.engine.calls import Calls, Input
from reconciler.engine.containers.pool import Pool
from reconciler.engine.idempotency import IdempotentCalls
from reconciler.engine.rpc_errors import conflict, not_found, unimplemented
from reconciler.engine.web.exchange import LostChunksError
from reconciler.engine.web.exchanges import Exchanges

_OUTPUTS = 100
_RESULT = api_pb2.GenericResult


class FunctionCalls:
    """The engine does the retries; its answers keep clients from retrying.

    A call that reached the engine, but whose answer was lost, was made: the client's second try is
    recognised by its key and gets the answer of the first.
    """

    def __init__(
        self,
        apps: AppStore,
        calls: Calls,
        pool: Pool,
        answered: IdempotentCalls,
        exchanges: Exchanges,
    ) -> None:
        self._apps = apps
        self._exchanges = exchanges
        self._calls = calls
        self._pool = pool
        self._answered = answered

    async def function_map(
        self, request: api_pb2.FunctionMapRequest, caller: Peer
    ) -> api_pb2.FunctionMapResponse:
        spec = self._apps.spec(request.function_id)
        if spec is None or not spec.app.live:
            raise not_found(f"Function with ID {request.function_id} not found")
        if spec.is_server:
            raise unimplemented(f"running the Server {spec.name}")
        submitted: list[Input] = []

        def begin() -> api_pb2.FunctionMapResponse:
            call, inputs = self._calls.begin(
                request.function_id,
                request.function_call_invocation_type,
                list(request.pipelined_inputs),
            )
            submitted.extend(inputs)
            return api_pb2.FunctionMapResponse(
                function_call_id=call,
                pipelined_inputs=_placed(inputs),
                retry_policy=spec.function.retry_policy,
                sync_client_retries_enabled=False,
            )

        response = self._answered.once(caller.key, api_pb2.FunctionMapResponse, begin)
        self._pool.submit(submitted)
        return response

    async def function_put_inputs(
        self, request: api_pb2.FunctionPutInputsRequest, caller: Peer
    ) -> api_pb2.FunctionPutInputsResponse:
        submitted: list[Input] = []

        def add() -> api_pb2.FunctionPutInputsResponse:
            submitted.extend(self._calls.add(request.function_call_id, list(request.inputs)))
            return api_pb2.FunctionPutInputsResponse(inputs=_placed(submitted))

        response = self._answered.once(caller.key, api_pb2.FunctionPutInputsResponse, add)
        self._pool.submit(submitted)
        return response

    async def function_finish_inputs(
        self, request: api_pb2.FunctionFinishInputsRequest, _caller: Peer
    ) -> Empty:
        self._require(request.function_call_id)
        return Empty()

    async def function_get_outputs(
        self, request: api_pb2.FunctionGetOutputsRequest, _caller: Peer
    ) -> api_pb2.FunctionGetOutputsResponse:
        call = request.function_call_id
        after = _entry(request.last_entry_id)
        first = request.start_idx if request.HasField("start_idx") else None
        last = request.end_idx if request.HasField("end_idx") else None
        most = request.max_values or _OUTPUTS
        found = self._calls.outputs(call, after, first, last, most)
        total, unfinished = self._calls.counts(call)
        open_call = self._calls.function(call) is not None and (unfinished or not total)
        if not found and open_call and request.timeout > 0:
            if await self._calls.wait(call, request.timeout):
                found = self._calls.outputs(call, after, first, last, most)
            _, unfinished = self._calls.counts(call)
        return api_pb2.FunctionGetOutputsResponse(
            idxs=[output.idx for _, output in found],
            outputs=[output for _, output in found],
            last_entry_id=str(found[-1][0] if found else after),
            num_unfinished_inputs=unfinished,
        )

    async def function_call_cancel(
        self, request: api_pb2.FunctionCallCancelRequest, _caller: Peer
    ) -> Empty:
        self._require(request.function_call_id)
        self._pool.cancel(request.function_call_id, terminate=request.terminate_containers)
        return Empty()

    async def function_call_from_id(
        self, request: api_pb2.FunctionCallFromIdRequest, _caller: Peer
    ) -> api_pb2.FunctionCallFromIdResponse:
        function = self._require(request.function_call_id)
        total, _ = self._calls.counts(request.function_call_id)
        return api_pb2.FunctionCallFromIdResponse(
            function_call_id=request.function_call_id,
            num_inputs=total,
            metadata=api_pb2.FunctionCallHandleMetadata(
                app_id=self._apps.owner(function), function_id=function
            ),
        )

    async def function_call_get_info(
        self, request: api_pb2.FunctionCallGetInfoRequest, _caller: Peer
    ) -> api_pb2.FunctionCallGetInfoResponse:
        call = request.function_call_id
        self._require(call)
        ends: Counter[int] = Counter()
        for _, output in self._calls.outputs(call, 0, None, None, limits.PENDING_INPUTS):
            ends[output.result.status] += 1
        total, unfinished = self._calls.counts(call)
        cancelled = ends.pop(_RESULT.GENERIC_STATUS_TERMINATED, 0)
        timed_out = ends.pop(_RESULT.GENERIC_STATUS_TIMEOUT, 0)
        succeeded = ends.pop(_RESULT.GENERIC_STATUS_SUCCESS, 0)
        return api_pb2.FunctionCallGetInfoResponse(
            info=api_pb2.FunctionCallInfo(
                function_call_id=call,
                created_at=self._calls.created(call),
                total_inputs=total,
                pending_inputs=_counted(unfinished),
                succeeded_inputs=_counted(succeeded),
                failed_inputs=_counted(ends.total()),
                timeout_inputs=_counted(timed_out),
                cancelled_inputs=_counted(cancelled),
            )
        )

    async def function_call_put_data_out(
        self, request: api_pb2.FunctionCallPutDataRequest, _caller: Peer
    ) -> Empty:
        call, chunks = request.function_call_id, list(request.data_chunks)
        self._require(call)
        if self._exchanges.is_web(call):
            await self._exchanges.accept(call, chunks)
        else:
            self._calls.add_chunks(call, chunks)
        return Empty()

    async def function_call_get_data_in(
        self, request: api_pb2.FunctionCallGetDataRequest, _caller: Peer
    ) -> AsyncIterator[api_pb2.DataChunk]:
        call, after = request.function_call_id, request.last_index
        exchange = self._exchanges.find(call)
        if exchange is None:
            raise not_found(f"Function call {call} is not a request that is being answered")
        try:
            async for index, data in exchange.to_app(after):
                yield api_pb2.DataChunk(
                    index=index, data=data, data_format=api_pb2.DATA_FORMAT_ASGI
                )
        except LostChunksError as error:
            raise conflict(f"Function call {call}: messages after {after} are gone") from error

    async def function_call_get_data_out(
        self, request: api_pb2.FunctionCallGetDataRequest, _caller: Peer
    ) -> AsyncIterator[api_pb2.DataChunk]:
        call, after = request.function_call_id, request.last_index
        self._require(call)
        while True:
            for chunk in self._calls.chunks(call, after):
                after = chunk.index
                yield chunk
            total, unfinished = self._calls.counts(call)
            if total and not unfinished:
                return
            await self._calls.wait(call, limits.LONG_POLL)

    def _require(self, call: str) -> str:
        function = self._calls.function(call)
        if function is None:
            raise not_found(f"Function call {call} not found")
        return function


def _counted(number: int) -> api_pb2.InputCategoryInfo:
    return api_pb2.InputCategoryInfo(total=number)


def _placed(inputs: list[Input]) -> list[api_pb2.FunctionPutInputsResponseItem]:
    return [api_pb2.FunctionPutInputsResponseItem(idx=one.index, input_id=one.id) for one in inputs]


def _entry(text: str) -> int:
    """The client begins with ``0-0``, then gives back what it was given."""
    number = text.partition("-")[0]
    return int(number) if number.isdecimal() else 0
