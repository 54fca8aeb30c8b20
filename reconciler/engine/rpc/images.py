"""Images: a layer at a time, whose packages are installed while the client reads the output."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from modal_proto import api_pb2

from reconciler.engine import compat, limits
from reconciler.engine.caller import Peer
from reconciler.engine.catalog import Catalog
from reconciler.engine.ids import IdKind, content_id
from reconciler.engine.images.builds import Build, Builds
from reconciler.engine.rpc_errors import conflict, not_found
from reconciler.errors import ReconcileError

_BUILT = api_pb2.GenericResult(status=api_pb2.GenericResult.GENERIC_STATUS_SUCCESS)


class Images:
    """Images have ids that follow from what they contain."""

    def __init__(self, catalog: Catalog, builds: Builds) -> None:
        self._catalog = catalog
        self._builds = builds

    async def image_get_or_create(
        self, request: api_pb2.ImageGetOrCreateRequest, _caller: Peer
    ) -> api_pb2.ImageGetOrCreateResponse:
        body = request.image.SerializeToString(deterministic=True)
        identifier = content_id(IdKind.IMAGE, body)
        if self._catalog.get(identifier) is None:
            self._catalog.add(IdKind.IMAGE, "", "", body, identifier)
        force = request.force_build or request.ignore_cache
        if await self._begin(identifier, force=force):
            # No result: the client follows the build by ImageJoinStreaming.
            return api_pb2.ImageGetOrCreateResponse(image_id=identifier)
        return api_pb2.ImageGetOrCreateResponse(
            image_id=identifier, result=_BUILT, metadata=_metadata()
        )

    async def image_from_id(
        self, request: api_pb2.ImageFromIdRequest, _caller: Peer
    ) -> api_pb2.ImageFromIdResponse:
        self._require(request.image_id)
        return api_pb2.ImageFromIdResponse(image_id=request.image_id, metadata=_metadata())

    async def image_join_streaming(
        self, request: api_pb2.ImageJoinStreamingRequest, _caller: Peer
    ) -> AsyncIterator[api_pb2.ImageJoinStreamingResponse]:
        self._require(request.image_id)
        build = self._builds.of(request.image_id)
        if build is None and await self._begin(request.image_id):
            build = self._builds.of(request.image_id)  # the engine was restarted in between
        if build is None:
            yield api_pb2.ImageJoinStreamingResponse(result=_BUILT, metadata=_metadata(), eof=True)
            return
        seen = int(request.last_entry_id) if request.last_entry_id.isdecimal() else 0
        loop = asyncio.get_running_loop()
        end = loop.time() + min(request.timeout or limits.LONG_POLL, limits.LONG_POLL)
        while True:
            if build.lines[seen:]:
                yield _output(build, seen)
                seen = len(build.lines)
            elif build.result is not None:
                built = build.result.status == _BUILT.status
                yield api_pb2.ImageJoinStreamingResponse(
                    result=build.result, metadata=_metadata() if built else None, eof=True
                )
                return
            elif loop.time() >= end:
                return
            else:
                await build.wait(end - loop.time())

    async def _begin(self, image: str, *, force: bool = False) -> bool:
        try:
            return await self._builds.begin(image, force=force)
        except ReconcileError as error:
            raise conflict(str(error)) from error

    def _require(self, image: str) -> None:
        if self._catalog.get(image) is None:
            raise not_found(f"Image with ID {image} not found")


def _output(build: Build, start: int) -> api_pb2.ImageJoinStreamingResponse:
    return api_pb2.ImageJoinStreamingResponse(
        task_logs=[
            api_pb2.TaskLogs(data=f"{line}\n", file_descriptor=api_pb2.FILE_DESCRIPTOR_STDOUT)
            for line in build.lines[start:]
        ],
        entry_id=str(len(build.lines)),
    )


def _metadata() -> api_pb2.ImageMetadata:
    return api_pb2.ImageMetadata(image_builder_version=compat.IMAGE_BUILDER)
