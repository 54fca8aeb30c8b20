"""modal.Volume from outside: naming, listing, reading, writing. Containers: see ``mounted``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from google.protobuf.empty_pb2 import Empty
from modal_proto import api_pb2

from reconciler.engine import limits
from reconciler.engine.caller import Peer
from reconciler.engine.catalog import Catalog
from reconciler.engine.entries import volume_metadata
from reconciler.engine.http.content_urls import ContentUrls
from reconciler.engine.ids import IdKind
from reconciler.engine.rpc.object_creation import get, get_or_create
from reconciler.engine.rpc_errors import exists, invalid, not_found
from reconciler.engine.storage.blobs import Blobs
from reconciler.engine.time_source import TimeSource
from reconciler.engine.volumes import File, VolumeChange, Volumes, normal


class VolumeObjects:
    """Both versions are kept alike; a version 2 Volume differs only in how files are sent."""

    def __init__(
        self,
        catalog: Catalog,
        volumes: Volumes,
        blobs: Blobs,
        address: ContentUrls,
        clock: TimeSource,
    ) -> None:
        self._catalog = catalog
        self._volumes = volumes
        self._blobs = blobs
        self._address = address
        self._clock = clock

    async def volume_get_or_create(
        self, request: api_pb2.VolumeGetOrCreateRequest, _caller: Peer
    ) -> api_pb2.VolumeGetOrCreateResponse:
        version = request.version or api_pb2.VOLUME_FS_VERSION_V1
        entry = get_or_create(
            self._catalog,
            IdKind.VOLUME,
            request.environment_name,
            request.deployment_name,
            request.object_creation_type,
            lambda: bytes([version]),
        )
        metadata = volume_metadata(entry)
        return api_pb2.VolumeGetOrCreateResponse(
            volume_id=entry.id, version=metadata.version, metadata=metadata
        )

    async def volume_get_by_id(
        self, request: api_pb2.VolumeGetByIdRequest, _caller: Peer
    ) -> api_pb2.VolumeGetByIdResponse:
        entry = get(self._catalog, IdKind.VOLUME, request.volume_id)
        return api_pb2.VolumeGetByIdResponse(volume_id=entry.id, metadata=volume_metadata(entry))

    async def volume_heartbeat(
        self, request: api_pb2.VolumeHeartbeatRequest, _caller: Peer
    ) -> Empty:
        get(self._catalog, IdKind.VOLUME, request.volume_id)
        return Empty()

    async def volume_list(
        self, request: api_pb2.VolumeListRequest, _caller: Peer
    ) -> api_pb2.VolumeListResponse:
        page = request.pagination
        entries = self._catalog.listed(
            IdKind.VOLUME, request.environment_name, page.created_before, page.max_objects
        )
        return api_pb2.VolumeListResponse(
            items=[
                api_pb2.VolumeListItem(
                    label=entry.name,
                    volume_id=entry.id,
                    created_at=entry.created,
                    metadata=volume_metadata(entry),
                )
                for entry in entries
            ],
            environment_name=self._catalog.environment(request.environment_name),
        )

    async def volume_delete(self, request: api_pb2.VolumeDeleteRequest, _caller: Peer) -> Empty:
        get(self._catalog, IdKind.VOLUME, request.volume_id)
        self._catalog.remove(request.volume_id)
        return Empty()

    async def volume_rename(self, request: api_pb2.VolumeRenameRequest, _caller: Peer) -> Empty:
        entry = get(self._catalog, IdKind.VOLUME, request.volume_id)
        if self._catalog.named(IdKind.VOLUME, entry.environment, request.name):
            raise exists(f"Volume '{request.name}' already exists")
        self._catalog.rename(entry.id, request.name)
        return Empty()

    async def volume_list_files(
        self, request: api_pb2.VolumeListFilesRequest, _caller: Peer
    ) -> AsyncIterator[api_pb2.VolumeListFilesResponse]:
        for entries in self._listing(request):
            yield api_pb2.VolumeListFilesResponse(entries=entries)

    async def volume_list_files2(
        self, request: api_pb2.VolumeListFiles2Request, _caller: Peer
    ) -> AsyncIterator[api_pb2.VolumeListFiles2Response]:
        for entries in self._listing(request):
            yield api_pb2.VolumeListFiles2Response(entries=entries)

    async def volume_get_file2(
        self, request: api_pb2.VolumeGetFile2Request, _caller: Peer
    ) -> api_pb2.VolumeGetFile2Response:
        get(self._catalog, IdKind.VOLUME, request.volume_id)
        path = normal(request.path)
        file = self._volumes.file(request.volume_id, path)
        if file is None:
            if path and self._volumes.is_folder(request.volume_id, path):
                raise invalid(f"{request.path} is a directory")
            raise not_found(f"{request.path}: no such file in the volume")
        start = min(request.start, file.size)
        length = min(request.len or file.size, file.size - start)
        return api_pb2.VolumeGetFile2Response(
            get_urls=[
                self._address.block(file.sha256, at, min(limits.BLOCK, start + length - at))
                for at in range(start, start + length, limits.BLOCK)
            ],
            size=file.size,
            start=start,
            len=length,
        )

    async def volume_put_files(
        self, request: api_pb2.VolumePutFilesRequest, _caller: Peer
    ) -> Empty:
        files = []
        for sent in request.files:
            if not self._blobs.has(sent.sha256_hex):
                raise not_found(f"{sent.filename}: its content was not uploaded")
            size = self._blobs.path(sent.sha256_hex).stat().st_size
            files.append(self._file(sent.filename, sent.sha256_hex, size, sent.mode))
        self._write(request.volume_id, files, new=request.disallow_overwrite_existing_files)
        return Empty()

    async def volume_put_files2(
        self, request: api_pb2.VolumePutFiles2Request, _caller: Peer
    ) -> api_pb2.VolumePutFiles2Response:
        get(self._catalog, IdKind.VOLUME, request.volume_id)
        missing = [
            api_pb2.VolumePutFiles2Response.MissingBlock(
                file_index=index,
                block_index=number,
                put_url=self._address.blob(block.contents_sha256.hex()),
            )
            for index, sent in enumerate(request.files)
            for number, block in enumerate(sent.blocks)
            if not self._blobs.has(block.contents_sha256.hex())
        ]
        if not missing:
            files = [
                self._file(sent.path, self._joined(sent), sent.size, sent.mode)
                for sent in request.files
            ]
            self._write(request.volume_id, files, new=request.disallow_overwrite_existing_files)
        return api_pb2.VolumePutFiles2Response(missing_blocks=missing)

    async def volume_remove_file(
        self, request: api_pb2.VolumeRemoveFileRequest, _caller: Peer
    ) -> Empty:
        self._remove(request.volume_id, request.path, request.recursive)
        return Empty()

    async def volume_remove_file2(
        self, request: api_pb2.VolumeRemoveFile2Request, _caller: Peer
    ) -> Empty:
        self._remove(request.volume_id, request.path, request.recursive)
        return Empty()

    async def volume_copy_files(
        self, request: api_pb2.VolumeCopyFilesRequest, _caller: Peer
    ) -> Empty:
        self._copy(request.volume_id, list(request.src_paths), request.dst_path, request.recursive)
        return Empty()

    async def volume_copy_files2(
        self, request: api_pb2.VolumeCopyFiles2Request, _caller: Peer
    ) -> Empty:
        self._copy(request.volume_id, list(request.src_paths), request.dst_path, request.recursive)
        return Empty()

    def _listing(
        self, request: api_pb2.VolumeListFilesRequest | api_pb2.VolumeListFiles2Request
    ) -> Iterator[list[api_pb2.FileEntry]]:
        get(self._catalog, IdKind.VOLUME, request.volume_id)
        path = normal(request.path)
        files = self._volumes.files(request.volume_id, path)
        folders = self._volumes.folders(request.volume_id, path)
        if not files and not folders and not self._volumes.is_folder(request.volume_id, path):
            raise not_found(f"{request.path}: no such file or directory in the volume")
        found = [_entry(file) for file in files] + [_folder(name) for name in folders]
        if not request.recursive:
            depth = path.count("/") + 1 if path else 0
            found = [entry for entry in found if entry.path.count("/") <= depth]
        found.sort(key=lambda entry: entry.path)
        if request.HasField("max_entries"):
            found = found[: request.max_entries]
        for at in range(0, len(found), limits.LIST_ENTRIES):
            yield found[at : at + limits.LIST_ENTRIES]

    def _file(self, path: str, sha256: str, size: int, mode: int) -> File:
        return File(normal(path), sha256, size, (mode or 0o644) & 0o7777, self._clock.now())

    def _joined(self, sent: api_pb2.VolumePutFiles2Request.File) -> str:
        """The blocks of one file as one content; a block may lack its trailing zeros."""
        left = sent.size
        with self._blobs.aside() as writer:
            for block in sent.blocks:
                length = min(left, limits.BLOCK)
                writer.write(
                    self._blobs.path(block.contents_sha256.hex()).read_bytes().ljust(length, b"\0")
                )
                left -= length
            return writer.keep()

    def _write(self, volume: str, files: list[File], *, new: bool) -> None:
        get(self._catalog, IdKind.VOLUME, volume)
        folders = set(self._volumes.folders(volume))
        for file in files:
            if file.path in folders or not file.path:
                raise exists(f"{file.path or '/'}: is a directory")
            if new and self._volumes.file(volume, file.path):
                raise exists(f"{file.path}: already exists")
        self._volumes.apply(volume, VolumeChange(written=tuple(files)))

    def _remove(self, volume: str, path: str, recursive: bool) -> None:
        get(self._catalog, IdKind.VOLUME, volume)
        target = normal(path)
        if self._volumes.file(volume, target):
            self._volumes.apply(volume, VolumeChange(removed=(target,)))
            return
        if not self._volumes.is_folder(volume, target):
            raise not_found(f"{path}: no such file or directory in the volume")
        if not recursive:
            raise invalid(f"{path}: is a directory, remove it recursively")
        below = (*self._volumes.folders(volume, target), target)
        files = tuple(file.path for file in self._volumes.files(volume, target))
        self._volumes.apply(volume, VolumeChange(removed=files, removed_folders=below))

    def _copy(self, volume: str, sources: list[str], target: str, recursive: bool) -> None:
        get(self._catalog, IdKind.VOLUME, volume)
        goal, copies = normal(target), []
        into = len(sources) > 1 or target.endswith("/") or self._volumes.is_folder(volume, goal)
        for source in map(normal, sources):
            files = self._volumes.files(volume, source)
            if not files:
                raise not_found(f"{source}: no such file or directory in the volume")
            if not recursive and self._volumes.file(volume, source) is None:
                raise invalid(f"{source}: is a directory, copy it recursively")
            name = source.rpartition("/")[2]
            base = f"{goal}/{name}" if into else goal
            copies += [
                self._file(base + file.path[len(source) :], file.sha256, file.size, file.mode)
                for file in files
            ]
        self._volumes.apply(volume, VolumeChange(written=tuple(copies)))


def _entry(file: File) -> api_pb2.FileEntry:
    return api_pb2.FileEntry(
        path=file.path, type=api_pb2.FileEntry.FILE, mtime=int(file.mtime), size=file.size
    )


def _folder(path: str) -> api_pb2.FileEntry:
    return api_pb2.FileEntry(path=path, type=api_pb2.FileEntry.DIRECTORY)
