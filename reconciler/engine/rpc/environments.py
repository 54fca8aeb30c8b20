"""Environments, and the few calls about the workspace and the client itself."""

from __future__ import annotations

from google.protobuf.empty_pb2 import Empty
from modal_proto import api_pb2

from reconciler.engine import compat
from reconciler.engine.caller import Peer
from reconciler.engine.catalog import Catalog
from reconciler.engine.rpc_errors import exists, not_found

WORKSPACE = "local"


class Environments:
    """The workspace is called "local" and has one user, "engine"."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    async def client_hello(self, _request: Empty, caller: Peer) -> api_pb2.ClientHelloResponse:
        return api_pb2.ClientHelloResponse(
            image_builder_version=compat.IMAGE_BUILDER,
            server_warnings=compat.client_warnings(caller.version),
        )

    async def auth_token_get(
        self, _request: api_pb2.AuthTokenGetRequest, _caller: Peer
    ) -> api_pb2.AuthTokenGetResponse:
        return api_pb2.AuthTokenGetResponse(token="")

    async def workspace_name_lookup(
        self, _request: Empty, _caller: Peer
    ) -> api_pb2.WorkspaceNameLookupResponse:
        return api_pb2.WorkspaceNameLookupResponse(workspace_name=WORKSPACE, username="engine")

    async def environment_get_or_create(
        self, request: api_pb2.EnvironmentGetOrCreateRequest, _caller: Peer
    ) -> api_pb2.EnvironmentGetOrCreateResponse:
        name = request.deployment_name or self._catalog.default_environment
        identifier = self._catalog.environment_id(name)
        if identifier is None:
            if request.object_creation_type != api_pb2.OBJECT_CREATION_TYPE_CREATE_IF_MISSING:
                raise not_found(f"Environment '{name}' not found")
            identifier = self._catalog.create_environment(name)
        return api_pb2.EnvironmentGetOrCreateResponse(
            environment_id=identifier,
            metadata=api_pb2.EnvironmentMetadata(
                name=name,
                settings=api_pb2.EnvironmentSettings(image_builder_version=compat.IMAGE_BUILDER),
            ),
        )

    async def environment_create(
        self, request: api_pb2.EnvironmentCreateRequest, _caller: Peer
    ) -> Empty:
        if self._catalog.environment_id(request.name) is not None:
            raise exists(f"Environment '{request.name}' already exists")
        self._catalog.create_environment(request.name)
        return Empty()

    async def environment_list(
        self, _request: Empty, _caller: Peer
    ) -> api_pb2.EnvironmentListResponse:
        return api_pb2.EnvironmentListResponse(
            items=[
                api_pb2.EnvironmentListItem(
                    name=name,
                    environment_id=identifier,
                    created_at=created,
                    default=name == self._catalog.default_environment,
                )
                for name, identifier, created in self._catalog.environments()
            ]
        )
