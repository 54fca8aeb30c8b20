"""modal.Dict: a table of pickled keys and values."""

from __future__ import annotations

from collections.abc import AsyncIterator

from google.protobuf.empty_pb2 import Empty
from modal_proto import api_pb2

from reconciler.engine import limits
from reconciler.engine.caller import Peer
from reconciler.engine.catalog import Catalog, CatalogEntry
from reconciler.engine.entries import creation_info
from reconciler.engine.ids import IdKind
from reconciler.engine.rpc.object_creation import get, get_or_create
from reconciler.engine.storage.database import Database
from reconciler.engine.time_source import TimeSource


class Dicts:
    """Every call is one transaction; an entry idle for too long counts as absent."""

    def __init__(self, catalog: Catalog, database: Database, clock: TimeSource) -> None:
        self._catalog = catalog
        self._database = database
        self._clock = clock

    async def dict_get_or_create(
        self, request: api_pb2.DictGetOrCreateRequest, _caller: Peer
    ) -> api_pb2.DictGetOrCreateResponse:
        entry = get_or_create(
            self._catalog,
            IdKind.DICT,
            request.environment_name,
            request.deployment_name,
            request.object_creation_type,
            bytes,
        )
        if request.data:
            self._put(entry.id, list(request.data), only_new=True)
        return api_pb2.DictGetOrCreateResponse(dict_id=entry.id, metadata=_metadata(entry))

    async def dict_get_by_id(
        self, request: api_pb2.DictGetByIdRequest, _caller: Peer
    ) -> api_pb2.DictGetByIdResponse:
        entry = get(self._catalog, IdKind.DICT, request.dict_id)
        return api_pb2.DictGetByIdResponse(dict_id=entry.id, metadata=_metadata(entry))

    async def dict_heartbeat(self, request: api_pb2.DictHeartbeatRequest, _caller: Peer) -> Empty:
        get(self._catalog, IdKind.DICT, request.dict_id)
        return Empty()

    async def dict_list(
        self, request: api_pb2.DictListRequest, _caller: Peer
    ) -> api_pb2.DictListResponse:
        page = request.pagination
        entries = self._catalog.listed(
            IdKind.DICT, request.environment_name, page.created_before, page.max_objects
        )
        return api_pb2.DictListResponse(
            dicts=[
                api_pb2.DictListResponse.DictInfo(
                    name=entry.name,
                    created_at=entry.created,
                    dict_id=entry.id,
                    metadata=_metadata(entry),
                )
                for entry in entries
            ],
            environment_name=self._catalog.environment(request.environment_name),
        )

    async def dict_delete(self, request: api_pb2.DictDeleteRequest, _caller: Peer) -> Empty:
        get(self._catalog, IdKind.DICT, request.dict_id)
        self._catalog.remove(request.dict_id)
        return Empty()

    async def dict_clear(self, request: api_pb2.DictClearRequest, _caller: Peer) -> Empty:
        get(self._catalog, IdKind.DICT, request.dict_id)
        self._database.run("DELETE FROM dict_entries WHERE dict = ?", request.dict_id)
        return Empty()

    async def dict_update(
        self, request: api_pb2.DictUpdateRequest, _caller: Peer
    ) -> api_pb2.DictUpdateResponse:
        created = self._put(request.dict_id, list(request.updates), only_new=request.if_not_exists)
        return api_pb2.DictUpdateResponse(created=created)

    async def dict_get(
        self, request: api_pb2.DictGetRequest, _caller: Peer
    ) -> api_pb2.DictGetResponse:
        value = self._touch(request.dict_id, request.key)
        return api_pb2.DictGetResponse(found=value is not None, value=value)

    async def dict_contains(
        self, request: api_pb2.DictContainsRequest, _caller: Peer
    ) -> api_pb2.DictContainsResponse:
        return api_pb2.DictContainsResponse(
            found=self._touch(request.dict_id, request.key) is not None
        )

    async def dict_pop(
        self, request: api_pb2.DictPopRequest, _caller: Peer
    ) -> api_pb2.DictPopResponse:
        get(self._catalog, IdKind.DICT, request.dict_id)
        with self._database.transaction():
            value = self._touch(request.dict_id, request.key)
            self._database.run(
                "DELETE FROM dict_entries WHERE dict = ? AND key = ?", request.dict_id, request.key
            )
        return api_pb2.DictPopResponse(found=value is not None, value=value)

    async def dict_len(
        self, request: api_pb2.DictLenRequest, _caller: Peer
    ) -> api_pb2.DictLenResponse:
        get(self._catalog, IdKind.DICT, request.dict_id)
        row = self._database.row(
            "SELECT count(*) FROM dict_entries WHERE dict = ? AND touched > ?",
            request.dict_id,
            self._horizon(),
        )
        return api_pb2.DictLenResponse(len=row[0] if row else 0)

    async def dict_contents(
        self, request: api_pb2.DictContentsRequest, _caller: Peer
    ) -> AsyncIterator[api_pb2.DictEntry]:
        get(self._catalog, IdKind.DICT, request.dict_id)
        rows = self._database.rows(
            "SELECT key, value FROM dict_entries WHERE dict = ? AND touched > ?",
            request.dict_id,
            self._horizon(),
        )
        for key, value in rows:
            yield api_pb2.DictEntry(
                key=key if request.keys else b"", value=value if request.values else b""
            )

    def _horizon(self) -> float:
        return self._clock.now() - limits.DICT_ENTRY_IDLE

    def _put(self, identifier: str, entries: list[api_pb2.DictEntry], *, only_new: bool) -> bool:
        """Whether something was written. With ``only_new``, a live entry is not changed."""
        get(self._catalog, IdKind.DICT, identifier)
        now, written = self._clock.now(), 0
        clash = "UPDATE SET value = excluded.value, touched = excluded.touched"
        if only_new:
            clash += " WHERE dict_entries.touched <= ?"
        values = (self._horizon(),) if only_new else ()
        with self._database.transaction():
            for entry in entries:
                written += self._database.run(
                    "INSERT INTO dict_entries VALUES (?, ?, ?, ?)"  # noqa: S608  # two fixed texts
                    f" ON CONFLICT (dict, key) DO {clash}",
                    identifier,
                    entry.key,
                    entry.value,
                    now,
                    *values,
                )
        return written > 0

    def _touch(self, identifier: str, key: bytes) -> bytes | None:
        """The value; resets its idle time. None if there is no live entry."""
        get(self._catalog, IdKind.DICT, identifier)
        row = self._database.row(
            "UPDATE dict_entries SET touched = ? WHERE dict = ? AND key = ? AND touched > ?"
            " RETURNING value",
            self._clock.now(),
            identifier,
            key,
            self._horizon(),
        )
        return bytes(row[0]) if row else None


def _metadata(entry: CatalogEntry) -> api_pb2.DictMetadata:
    return api_pb2.DictMetadata(name=entry.name, creation_info=creation_info(entry))
