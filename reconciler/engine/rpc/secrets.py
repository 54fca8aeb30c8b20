"""modal.Secret: environment variables of containers. Values never leave through the protocol."""

from __future__ import annotations

import json
from collections.abc import Mapping

from google.protobuf.empty_pb2 import Empty
from modal_proto import api_pb2

from reconciler.engine.caller import Peer
from reconciler.engine.catalog import Catalog, CatalogEntry
from reconciler.engine.entries import creation_info, values
from reconciler.engine.ids import IdKind
from reconciler.engine.rpc.object_creation import get, get_or_create
from reconciler.engine.rpc_errors import not_found


class Secrets:
    """Kept in the state folder in plain text: it is a laptop's engine, not a vault."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    async def secret_get_or_create(
        self, request: api_pb2.SecretGetOrCreateRequest, _caller: Peer
    ) -> api_pb2.SecretGetOrCreateResponse:
        entry = get_or_create(
            self._catalog,
            IdKind.SECRET,
            request.environment_name,
            request.deployment_name,
            request.object_creation_type,
            lambda: _pack(request.env_dict),
        )
        missing = sorted(set(request.required_keys) - set(values(entry)))
        if missing:
            raise not_found(f"Secret is missing key(s): {', '.join(missing)}")
        return api_pb2.SecretGetOrCreateResponse(secret_id=entry.id, metadata=_metadata(entry))

    async def secret_get_info(
        self, request: api_pb2.SecretGetInfoRequest, _caller: Peer
    ) -> api_pb2.SecretGetInfoResponse:
        entry = get(self._catalog, IdKind.SECRET, request.secret_id)
        return api_pb2.SecretGetInfoResponse(metadata=_metadata(entry))

    async def secret_update(self, request: api_pb2.SecretUpdateRequest, _caller: Peer) -> Empty:
        entry = get(self._catalog, IdKind.SECRET, request.secret_id)
        held = values(entry)
        for update in request.updates:
            if update.HasField("value"):
                held[update.key] = update.value
            else:
                held.pop(update.key, None)
        self._catalog.replace(entry.id, _pack(held))
        return Empty()

    async def secret_list(
        self, request: api_pb2.SecretListRequest, _caller: Peer
    ) -> api_pb2.SecretListResponse:
        page = request.pagination
        entries = self._catalog.listed(
            IdKind.SECRET, request.environment_name, page.created_before, page.max_objects
        )
        return api_pb2.SecretListResponse(
            items=[
                api_pb2.SecretListItem(
                    label=entry.name,
                    created_at=entry.created,
                    environment_name=entry.environment,
                    secret_id=entry.id,
                    metadata=_metadata(entry),
                )
                for entry in entries
            ],
            environment_name=self._catalog.environment(request.environment_name),
        )

    async def secret_delete(self, request: api_pb2.SecretDeleteRequest, _caller: Peer) -> Empty:
        get(self._catalog, IdKind.SECRET, request.secret_id)
        self._catalog.remove(request.secret_id)
        return Empty()


def _pack(variables: Mapping[str, str]) -> bytes:
    return json.dumps(dict(variables)).encode()


def _metadata(entry: CatalogEntry) -> api_pb2.SecretMetadata:
    return api_pb2.SecretMetadata(
        name=entry.name,
        creation_info=creation_info(entry),
        keys=sorted(values(entry)),
        environment_name=entry.environment,
    )
