"""Get-or-create, which Volumes, Dicts and Secrets have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from modal_proto import api_pb2

from reconciler.engine.catalog import Catalog, CatalogEntry
from reconciler.engine.ids import IdKind, content_id
from reconciler.engine.rpc_errors import exists, not_found

_NOUNS: Final = {IdKind.VOLUME: "Volume", IdKind.DICT: "Dict", IdKind.SECRET: "Secret"}
_ANONYMOUS: Final = (
    api_pb2.OBJECT_CREATION_TYPE_EPHEMERAL,
    api_pb2.OBJECT_CREATION_TYPE_ANONYMOUS_OWNED_BY_APP,
)


def get_or_create(
    catalog: Catalog,
    kind: IdKind,
    environment: str,
    name: str,
    creation: api_pb2.ObjectCreationType.ValueType,
    body: Callable[[], bytes],
) -> CatalogEntry:
    """Get or create an object by the client's creation type. ``body`` is called only to create."""
    environment = catalog.environment(environment)
    if catalog.environment_id(environment) is None:
        raise not_found(f"Environment '{environment}' not found")
    if creation in _ANONYMOUS:
        return _anonymous(catalog, kind, environment, body())
    found = catalog.named(kind, environment, name)
    noun = _NOUNS[kind]
    if found is not None:
        if creation == api_pb2.OBJECT_CREATION_TYPE_CREATE_FAIL_IF_EXISTS:
            raise exists(f"{noun} '{name}' already exists in environment '{environment}'")
        if creation == api_pb2.OBJECT_CREATION_TYPE_CREATE_OVERWRITE_IF_EXISTS:
            catalog.replace(found.id, body())
        return found
    if creation == api_pb2.OBJECT_CREATION_TYPE_UNSPECIFIED:
        raise not_found(f"{noun} '{name}' not found in environment '{environment}'")
    return catalog.add(kind, environment, name, body())


def _anonymous(catalog: Catalog, kind: IdKind, environment: str, body: bytes) -> CatalogEntry:
    """A Secret defined in code: the same id at every deploy, so that a deploy can be unchanged."""
    if kind is not IdKind.SECRET:
        return catalog.add(kind, environment, "", body)
    identifier = content_id(kind, environment.encode() + b"\0" + body)
    return catalog.get(identifier) or catalog.add(kind, environment, "", body, identifier)


def get(catalog: Catalog, kind: IdKind, identifier: str) -> CatalogEntry:
    """The object with this id, which must be of this kind."""
    found = catalog.get(identifier)
    if found is None or found.kind is not kind:
        raise not_found(f"{_NOUNS[kind]} with ID {identifier} not found")
    return found
