"""Uploads: sources of functions (mounts), files, large arguments and results; and images.

A blob's id is its digest, so an upload is known without a record of it.
"""

from __future__ import annotations

import base64
import shlex
from collections.abc import AsyncIterator, Iterable

from google.protobuf.timestamp_pb2 import Timestamp
from modal_proto import api_pb2

from reconciler.engine import compat, limits
from reconciler.engine.catalog import Catalog
from reconciler.engine.http.content_urls import ContentUrls
from reconciler.engine.ids import IdKind, content_id
from reconciler.engine.rpc.caller import Peer
from reconciler.engine.rpc.refusals import invalid, not_found
from reconciler.engine.storage.blobs import Blobs

_PREFIX = "bl-"


class Contents:
    """Mounts and images have ids that follow from what they contain."""

    def __init__(self, catalog: Catalog, blobs: Blobs, address: ContentUrls) -> None:
        self._catalog = catalog
        self._blobs = blobs
        self._address = address

    async def blob_create(
        self, request: api_pb2.BlobCreateRequest, _caller: Peer
    ) -> api_pb2.BlobCreateResponse:
        if request.content_length > limits.BLOB:
            raise invalid(f"Upload of {request.content_length} bytes; at most {limits.BLOB}")
        sha256 = base64.b64decode(request.content_sha256_base64).hex()
        url, blob = self._address.blob(sha256), _PREFIX + sha256
        return api_pb2.BlobCreateResponse(
            blob_id=blob,
            blob_ids=[blob],
            upload_urls=api_pb2.UploadUrlList(items=[url]),
        )

    async def blob_get(
        self, request: api_pb2.BlobGetRequest, _caller: Peer
    ) -> api_pb2.BlobGetResponse:
        sha256 = self._uploaded(request.blob_id)
        return api_pb2.BlobGetResponse(download_url=self._address.blob(sha256))

    async def mount_batched_check_existence(
        self, request: api_pb2.MountBatchedCheckExistenceRequest, _caller: Peer
    ) -> api_pb2.MountBatchedCheckExistenceResponse:
        return api_pb2.MountBatchedCheckExistenceResponse(
            missing_sha256_hex_hashes=[
                sha256 for sha256 in request.sha256_hex_hashes if not self._blobs.has(sha256)
            ]
        )

    async def mount_put_file(
        self, request: api_pb2.MountPutFileRequest, _caller: Peer
    ) -> api_pb2.MountPutFileResponse:
        given = request.WhichOneof("data_oneof")
        if given == "data":
            if self._blobs.put(request.data) != request.sha256_hex:
                raise invalid("The content does not match its SHA-256.")
        elif given == "data_blob_id" and self._uploaded(request.data_blob_id) != request.sha256_hex:
            raise invalid("The upload does not match its SHA-256.")
        checked = Timestamp()
        checked.GetCurrentTime()
        return api_pb2.MountPutFileResponse(
            exists=self._blobs.has(request.sha256_hex), checked_at=checked
        )

    async def mount_get_or_create(
        self, request: api_pb2.MountGetOrCreateRequest, _caller: Peer
    ) -> api_pb2.MountGetOrCreateResponse:
        body = mount_body(request.files)
        # A mount by name is Modal's own (its client, a Python); containers have these already.
        identifier = content_id(IdKind.MOUNT, request.deployment_name.encode() + b"\0" + body)
        if self._catalog.get(identifier) is None:
            self._catalog.add(IdKind.MOUNT, "", "", body, identifier)
        return api_pb2.MountGetOrCreateResponse(
            mount_id=identifier, handle_metadata=api_pb2.MountHandleMetadata()
        )

    async def image_get_or_create(
        self, request: api_pb2.ImageGetOrCreateRequest, _caller: Peer
    ) -> api_pb2.ImageGetOrCreateResponse:
        body = request.image.SerializeToString(deterministic=True)
        identifier = content_id(IdKind.IMAGE, body)
        if self._catalog.get(identifier) is None:
            self._catalog.add(IdKind.IMAGE, "", "", body, identifier)
        return api_pb2.ImageGetOrCreateResponse(
            image_id=identifier, result=_BUILT, metadata=_image_metadata()
        )

    async def image_from_id(
        self, request: api_pb2.ImageFromIdRequest, _caller: Peer
    ) -> api_pb2.ImageFromIdResponse:
        if self._catalog.get(request.image_id) is None:
            raise not_found(f"Image with ID {request.image_id} not found")
        return api_pb2.ImageFromIdResponse(image_id=request.image_id, metadata=_image_metadata())

    async def image_join_streaming(
        self, request: api_pb2.ImageJoinStreamingRequest, _caller: Peer
    ) -> AsyncIterator[api_pb2.ImageJoinStreamingResponse]:
        if self._catalog.get(request.image_id) is None:
            raise not_found(f"Image with ID {request.image_id} not found")
        yield api_pb2.ImageJoinStreamingResponse(result=_BUILT, eof=True)

    def _uploaded(self, blob: str) -> str:
        sha256 = blob.removeprefix(_PREFIX)
        if not blob.startswith(_PREFIX) or not self._blobs.has(sha256):
            raise not_found(f"Blob {blob} not found")
        return sha256


_BUILT = api_pb2.GenericResult(status=api_pb2.GenericResult.GENERIC_STATUS_SUCCESS)


def _image_metadata() -> api_pb2.ImageMetadata:
    return api_pb2.ImageMetadata(image_builder_version=compat.IMAGE_BUILDER)


def mount_body(files: Iterable[api_pb2.MountFile]) -> bytes:
    """A mount is its list of files, whatever order they were uploaded in."""
    return api_pb2.MountGetOrCreateRequest(
        files=sorted(files, key=lambda file: file.filename)
    ).SerializeToString(deterministic=True)


def mount_files(body: bytes) -> list[api_pb2.MountFile]:
    """The inverse of ``mount_body``."""
    return list(api_pb2.MountGetOrCreateRequest.FromString(body).files)


class ImageChain:
    """The parts of an image that need no build: ENV and WORKDIR, base layer first."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def settings(self, image: str) -> tuple[dict[str, str], str]:
        """The environment variables and the working folder (empty if none was set)."""
        entry = self._catalog.get(image)
        if entry is None:
            return {}, ""
        definition = api_pb2.Image.FromString(entry.body)
        variables: dict[str, str] = {}
        workdir = ""
        for base in definition.base_images:
            inherited, folder = self.settings(base.image_id)
            variables.update(inherited)
            workdir = folder or workdir
        for command in definition.dockerfile_commands:
            instruction, _, rest = command.strip().partition(" ")
            if instruction.upper() == "ENV":
                # PATH names programs that only the built image would contain.
                variables.update({k: v for k, v in _assignments(rest).items() if k != "PATH"})
            elif instruction.upper() == "WORKDIR":
                workdir = rest.strip().strip("\"'")
        return variables, workdir

    def copies(self, image: str) -> list[tuple[str, str]]:
        """Mounts that layers copy whole (``copy=True``) and where to, base layer first."""
        entry = self._catalog.get(image)
        if entry is None:
            return []
        definition = api_pb2.Image.FromString(entry.body)
        copied = [copy for base in definition.base_images for copy in self.copies(base.image_id)]
        for command in definition.dockerfile_commands:
            instruction, _, target = command.strip().partition(" . ")
            if instruction == "COPY" and definition.context_mount_id:
                copied.append((definition.context_mount_id, target.strip()))
        return copied


def _assignments(text: str) -> dict[str, str]:
    """``A=1 B='two words'``, or the old form ``A value``."""
    words = shlex.split(text)
    if words and "=" not in words[0]:
        return {words[0]: " ".join(words[1:])}
    return dict(word.split("=", 1) for word in words if "=" in word)
