"""Proxy tokens, as ``modal.Workspace.from_context().proxy_tokens`` manages them."""

from __future__ import annotations

from collections.abc import Iterable

from google.protobuf.empty_pb2 import Empty
from modal_proto import api_pb2

from reconciler.engine.caller import Peer
from reconciler.engine.catalog import Catalog
from reconciler.engine.rpc_errors import not_found
from reconciler.engine.web.proxy_tokens import ProxyToken, ProxyTokens


class ProxyTokenCalls:
    """The protocol calls them webhook tokens."""

    def __init__(self, catalog: Catalog, tokens: ProxyTokens) -> None:
        self._catalog = catalog
        self._tokens = tokens

    async def webhook_token_create(
        self, request: api_pb2.WebhookTokenCreateRequest, _caller: Peer
    ) -> api_pb2.TokenCreateResponse:
        identifier, secret = self._tokens.create(request.name, scoped=request.scoped)
        return api_pb2.TokenCreateResponse(token_id=identifier, token_secret=secret)

    async def webhook_token_update(
        self, request: api_pb2.WebhookTokenUpdateRequest, _caller: Peer
    ) -> api_pb2.WebhookToken:
        self._tokens.rename(self._token(request.token_id).id, request.name)
        return _shown(self._token(request.token_id))

    async def webhook_token_delete(
        self, request: api_pb2.TokenDeleteRequest, _caller: Peer
    ) -> Empty:
        self._tokens.delete(self._token(request.token_id).id)
        return Empty()

    async def webhook_token_list(
        self, _request: Empty, _caller: Peer
    ) -> api_pb2.WebhookTokenListResponse:
        return _list(self._tokens.all())

    async def webhook_token_list_for_environment(
        self, request: api_pb2.WebhookTokenListForEnvironmentRequest, _caller: Peer
    ) -> api_pb2.WebhookTokenListResponse:
        environment = self._catalog.environment(request.environment_name)
        if self._catalog.environment_id(environment) is None:
            raise not_found(f"Environment '{environment}' not found")
        tokens = self._tokens.all()
        return _list(one for one in tokens if self._tokens.good_in(one, environment))

    async def webhook_token_environment_add(
        self, request: api_pb2.WebhookTokenEnvironmentAddRequest, _caller: Peer
    ) -> Empty:
        token = self._token(request.token_id)
        self._tokens.allow(token.id, self._environment(request.environment_id))
        return Empty()

    async def webhook_token_environment_remove(
        self, request: api_pb2.WebhookTokenEnvironmentRemoveRequest, _caller: Peer
    ) -> Empty:
        token = self._token(request.token_id)
        self._tokens.revoke(token.id, self._environment(request.environment_id))
        return Empty()

    async def webhook_token_environment_list(
        self, request: api_pb2.WebhookTokenEnvironmentListRequest, _caller: Peer
    ) -> api_pb2.WebhookTokenEnvironmentListResponse:
        names = self._tokens.environments(self._token(request.token_id).id)
        found = [self._catalog.environment_id(name) for name in names]
        return api_pb2.WebhookTokenEnvironmentListResponse(
            environment_ids=[one for one in found if one is not None]
        )

    def _token(self, identifier: str) -> ProxyToken:
        found = self._tokens.get(identifier)
        if found is None:
            raise not_found(f"Proxy token {identifier} not found")
        return found

    def _environment(self, identifier: str) -> str:
        for name, known, _ in self._catalog.environments():
            if known == identifier:
                return name
        raise not_found(f"Environment with ID {identifier} not found")


def _list(tokens: Iterable[ProxyToken]) -> api_pb2.WebhookTokenListResponse:
    return api_pb2.WebhookTokenListResponse(tokens=[_shown(one) for one in tokens])


def _shown(token: ProxyToken) -> api_pb2.WebhookToken:
    return api_pb2.WebhookToken(
        token_id=token.id,
        created_at=token.created,
        scoped=token.scoped,
        name=token.name,
        created_by=api_pb2.UserIdentity(username="engine"),
    )
