"""The calls of containers, and the calls about them."""

from __future__ import annotations

import asyncio

from google.protobuf.empty_pb2 import Empty
from modal_proto import api_pb2

from reconciler.engine import limits
from reconciler.engine.caller import Peer
from reconciler.engine.containers.container import Container
from reconciler.engine.containers.fleet import Fleet
from reconciler.engine.containers.mounted import Mounted, open_file
from reconciler.engine.containers.pool import Pool
from reconciler.engine.rpc_errors import conflict, not_found


class ContainerCalls:
    """A container is identified by the socket of its call."""

    def __init__(self, pool: Pool, fleet: Fleet) -> None:
        self._pool = pool
        self._fleet = fleet

    async def container_hello(self, _request: Empty, caller: Peer) -> Empty:
        self._calling(caller)
        return Empty()

    async def container_heartbeat(
        self, _request: api_pb2.ContainerHeartbeatRequest, caller: Peer
    ) -> api_pb2.ContainerHeartbeatResponse:
        container = self._calling(caller)
        if not container.to_cancel:
            container.beat.clear()
            try:
                await asyncio.wait_for(container.beat.wait(), limits.HEARTBEAT_POLL)
            except TimeoutError:
                return api_pb2.ContainerHeartbeatResponse()
        inputs, container.to_cancel = container.to_cancel, []
        return api_pb2.ContainerHeartbeatResponse(
            cancel_input_event=api_pb2.CancelInputEvent(input_ids=inputs)
        )

    async def function_get_inputs(
        self, request: api_pb2.FunctionGetInputsRequest, caller: Peer
    ) -> api_pb2.FunctionGetInputsResponse:
        container = self._calling(caller)
        taken = await self._pool.next(
            container, request.batch_max_size, request.batch_linger_ms / 1000
        )
        if taken is None:
            return api_pb2.FunctionGetInputsResponse(
                inputs=[api_pb2.FunctionGetInputsItem(kill_switch=True)]
            )
        return api_pb2.FunctionGetInputsResponse(
            inputs=[
                api_pb2.FunctionGetInputsItem(
                    input_id=one.id,
                    input=one.body,
                    function_call_id=one.call,
                    function_call_invocation_type=one.invocation,
                    retry_count=one.attempt,
                    function_map_idx=one.index,
                )
                for one in taken
            ]
        )

    async def function_put_outputs(
        self, request: api_pb2.FunctionPutOutputsRequest, caller: Peer
    ) -> Empty:
        container = self._calling(caller)
        for output in request.outputs:
            self._pool.put(container, output)
        return Empty()

    async def function_get_dynamic_concurrency(
        self, request: api_pb2.FunctionGetDynamicConcurrencyRequest, caller: Peer
    ) -> api_pb2.FunctionGetDynamicConcurrencyResponse:
        self._calling(caller)
        return api_pb2.FunctionGetDynamicConcurrencyResponse(concurrency=request.max_concurrency)

    async def task_result(self, request: api_pb2.TaskResultRequest, caller: Peer) -> Empty:
        self._pool.fail_start(self._calling(caller), request.result)
        return Empty()

    async def volume_commit(
        self, request: api_pb2.VolumeCommitRequest, caller: Peer
    ) -> api_pb2.VolumeCommitResponse:
        """Commit, and show the Volume's state of now, unless an open file forbids that.

        The client reloads after a commit, and says why it cannot, unless that was done for it.
        """
        container = self._calling(caller)
        mounted = self._mounted(container, request.volume_id)
        if await self._open_file(container, mounted) is None:
            await mounted.reload()
            return api_pb2.VolumeCommitResponse(skip_reload=True)
        await mounted.commit()
        return api_pb2.VolumeCommitResponse(skip_reload=False)

    async def volume_reload(self, request: api_pb2.VolumeReloadRequest, caller: Peer) -> Empty:
        container = self._calling(caller)
        mounted = self._mounted(container, request.volume_id)
        held = await self._open_file(container, mounted)
        if held is not None:
            raise conflict(f"there are open files preventing the operation: path {held} is open")
        await mounted.reload()
        return Empty()

    async def _open_file(self, container: Container, mounted: Mounted) -> str | None:
        assert container.process is not None
        return await asyncio.to_thread(open_file, container.process.pid, mounted)

    async def container_stop(
        self, request: api_pb2.ContainerStopRequest, _caller: Peer
    ) -> api_pb2.ContainerStopResponse:
        container = self._fleet.container(request.task_id)
        if request.graceful:
            self._fleet.retire(container)
        else:
            self._fleet.kill(container.id)
        return api_pb2.ContainerStopResponse()

    async def task_list(
        self, request: api_pb2.TaskListRequest, _caller: Peer
    ) -> api_pb2.TaskListResponse:
        return api_pb2.TaskListResponse(
            tasks=[
                api_pb2.TaskStats(
                    task_id=container.id,
                    app_id=container.spec.app.id,
                    app_description=container.spec.app.description or container.spec.app.name,
                    started_at=container.since,
                    enqueued_at=container.since,
                )
                for container in self._fleet.containers(request.app_id)
                if request.environment_name in ("", container.spec.app.environment)
            ]
        )

    async def task_get_info(
        self, request: api_pb2.TaskGetInfoRequest, _caller: Peer
    ) -> api_pb2.TaskGetInfoResponse:
        container = self._fleet.container(request.task_id)
        return api_pb2.TaskGetInfoResponse(
            app_id=container.spec.app.id,
            info=api_pb2.TaskInfo(
                id=container.id, started_at=container.since, enqueued_at=container.since
            ),
        )

    def _calling(self, caller: Peer) -> Container:
        return self._fleet.container(caller.require_container())

    def _mounted(self, container: Container, volume: str) -> Mounted:
        for mounted in container.mounted:
            if mounted.volume == volume:
                return mounted
        raise not_found(f"Volume {volume} is not mounted in this container")
