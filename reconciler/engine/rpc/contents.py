"""Uploads: sources of functions (mounts), files, large arguments and results.

A blob's id is its digest, so an upload is known without a record of it.
"""

from __future__ import annotations

import base64

from google.protobuf.timestamp_pb2 import Timestamp
from modal_proto import api_pb2

from reconciler.engine import limits
from reconciler.engine.caller import Peer
from reconciler.engine.catalog import Catalog
from reconciler.engine.entries import mount_body
from reconciler.engine.http.content_urls import ContentUrls
from reconciler.engine.ids import IdKind, content_id
from reconciler.engine.rpc_errors import invalid, not_found
from reconciler.engine.storage.blobs import Blobs

_PREFIX = "bl-"


class Contents:
    """Mounts have ids that follow from what they contain."""

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

    def _uploaded(self, blob: str) -> str:
        sha256 = blob.removeprefix(_PREFIX)
        if not blob.startswith(_PREFIX) or not self._blobs.has(sha256):
            raise not_found(f"Blob {blob} not found")
        return sha256
