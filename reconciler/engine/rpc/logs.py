"""The logs of containers: followed live, or fetched afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from itertools import groupby

from google.protobuf.timestamp_pb2 import Timestamp
from modal_proto import api_pb2

from reconciler.engine import limits
from reconciler.engine.apps import AppStore
from reconciler.engine.caller import Peer
from reconciler.engine.containers.fleet import Fleet
from reconciler.engine.logs import LogEntry, LogFilter, LogStore
from reconciler.engine.rpc_errors import not_found


class LogCalls:
    """An app's log ends when the app is stopped and its last container has ended."""

    def __init__(self, apps: AppStore, logs: LogStore, fleet: Fleet) -> None:
        self._apps = apps
        self._logs = logs
        self._fleet = fleet

    async def app_get_logs(
        self, request: api_pb2.AppGetLogsRequest, _caller: Peer
    ) -> AsyncIterator[api_pb2.TaskLogsBatch]:
        self._require(request.app_id)
        chosen = LogFilter(
            app=request.app_id,
            function=request.function_id,
            container=request.task_id,
            call=request.function_call_id,
            fd=request.file_descriptor,
            text=request.search_text,
        )
        last = int(request.last_entry_id) if request.last_entry_id.isdecimal() else 0
        loop = asyncio.get_running_loop()
        end = loop.time() + min(request.timeout, limits.LONG_POLL)
        while True:
            entries = self._logs.after(last, chosen, limits.LOG_FETCH)
            for batch in _batches(entries):
                yield batch
            last = entries[-1].id if entries else last
            if not entries and self._over(request.app_id):
                yield api_pb2.TaskLogsBatch(entry_id=str(last), app_done=True)
                return
            if not entries and loop.time() >= end:
                return
            if not entries:
                await self._logs.wait(request.app_id, end - loop.time())

    async def app_fetch_logs(
        self, request: api_pb2.AppFetchLogsRequest, _caller: Peer
    ) -> api_pb2.AppFetchLogsResponse:
        self._require(request.app_id)
        chosen = _filter(request)
        most = min(request.limit or limits.LOG_FETCH, limits.LOG_FETCH)
        entries = self._logs.latest(chosen, most)
        return api_pb2.AppFetchLogsResponse(batches=_batches(entries))

    async def app_count_logs(
        self, request: api_pb2.AppCountLogsRequest, _caller: Peer
    ) -> api_pb2.AppCountLogsResponse:
        self._require(request.app_id)
        width = max(1, request.bucket_secs)
        entries = self._logs.after(0, _filter(request), limits.LOG_ROWS)
        buckets = []
        for bucket, group in groupby(entries, key=lambda entry: int(entry.at // width)):
            fds = [entry.fd for entry in group]
            buckets.append(
                api_pb2.AppCountLogsResponse.LogBucket(
                    bucket_start_at=Timestamp(seconds=bucket * width),
                    stdout_logs=fds.count(1),
                    stderr_logs=fds.count(2),
                    system_logs=fds.count(3),
                )
            )
        return api_pb2.AppCountLogsResponse(app_id=request.app_id, buckets=buckets)

    def _over(self, identifier: str) -> bool:
        app = self._apps.get(identifier)
        return (app is None or bool(app.stopped)) and not self._fleet.containers(identifier)

    def _require(self, identifier: str) -> None:
        if self._apps.get(identifier) is None:
            raise not_found(f"App with ID {identifier} not found")


def _filter(request: api_pb2.AppFetchLogsRequest | api_pb2.AppCountLogsRequest) -> LogFilter:
    return LogFilter(
        app=request.app_id,
        function=request.function_id,
        container=request.task_id,
        call=request.function_call_id,
        fd=request.source,
        text=request.search_text,
        since=request.since.seconds + request.since.nanos / 1e9,
        until=request.until.seconds + request.until.nanos / 1e9,
    )


def _batches(entries: Iterable[LogEntry]) -> list[api_pb2.TaskLogsBatch]:
    return [
        api_pb2.TaskLogsBatch(
            task_id=origin.container,
            function_id=origin.function,
            input_id=origin.input,
            entry_id=str(group[-1].id),
            items=[
                api_pb2.TaskLogs(
                    data=entry.data,
                    timestamp=entry.at,
                    timestamp_ns=int(entry.at * 1e9),
                    file_descriptor=entry.fd,  # type: ignore[arg-type]  # the enum's own numbers
                    function_call_id=origin.call,
                    input_id=origin.input,
                )
                for entry in group
            ],
        )
        for origin, group in ((key, list(g)) for key, g in groupby(entries, lambda e: e.origin))
    ]
