"""What the catalog's entries of Secrets, mounts and Volumes say."""

from __future__ import annotations

import json
from collections.abc import Iterable

from modal_proto import api_pb2

from reconciler.engine.catalog import Catalog, CatalogEntry
from reconciler.engine.ids import IdKind


def creation_info(entry: CatalogEntry) -> api_pb2.CreationInfo:
    return api_pb2.CreationInfo(created_at=entry.created, created_by="engine")


def volume_metadata(entry: CatalogEntry) -> api_pb2.VolumeMetadata:
    """The body of a Volume's entry is its version, one byte."""
    version = (
        api_pb2.VOLUME_FS_VERSION_V2
        if entry.body == bytes([api_pb2.VOLUME_FS_VERSION_V2])
        else api_pb2.VOLUME_FS_VERSION_V1
    )
    return api_pb2.VolumeMetadata(
        version=version, name=entry.name, creation_info=creation_info(entry)
    )


def mount_body(files: Iterable[api_pb2.MountFile]) -> bytes:
    """A mount is its list of files, whatever order they were uploaded in."""
    return api_pb2.MountGetOrCreateRequest(
        files=sorted(files, key=lambda file: file.filename)
    ).SerializeToString(deterministic=True)


def mount_files(body: bytes) -> list[api_pb2.MountFile]:
    """The inverse of ``mount_body``."""
    return list(api_pb2.MountGetOrCreateRequest.FromString(body).files)


def values(entry: CatalogEntry) -> dict[str, str]:
    """The variables that a container with this Secret gets."""
    return {str(key): str(value) for key, value in json.loads(entry.body).items()}


def variables(catalog: Catalog, secrets: Iterable[str]) -> dict[str, str]:
    """The variables of several Secrets by their ids; one that was deleted has none."""
    entries = [catalog.get(secret) for secret in secrets]
    known = [entry for entry in entries if entry is not None and entry.kind is IdKind.SECRET]
    return {key: value for entry in known for key, value in values(entry).items()}
