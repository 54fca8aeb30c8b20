"""All that a container needs to start: its files, Volumes, environment, arguments and socket."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from grpclib.server import Server
from modal_proto import api_pb2

from reconciler.engine.apps import AppStore, Spec, handle
from reconciler.engine.catalog import Catalog
from reconciler.engine.containers.container import Container
from reconciler.engine.containers.interpreters import Interpreters
from reconciler.engine.containers.launcher import LaunchOrder, Mounts
from reconciler.engine.containers.mounted import Mounted
from reconciler.engine.containers.sources import Sources
from reconciler.engine.entries import variables, volume_metadata
from reconciler.engine.ids import IdKind
from reconciler.engine.storage.blobs import Blobs
from reconciler.engine.volumes import Volumes, normal
from reconciler.errors import ReconcileError

VOLUME_PATHS: Final = "MODAL_ENGINE_VOLUMES"
"""Where mounts at real paths are forbidden: JSON, each Volume's mount path and its actual one."""

_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Places:
    """``folder`` holds a folder per container, ``sockets`` a socket (whose path must be short).

    ``real_paths``: whether Volumes and sources are at their real paths; None for where possible.
    """

    folder: Path
    sockets: Path
    config: Path
    real_paths: bool | None


Listen: TypeAlias = Callable[[Path, str, str], Awaitable[Server]]
"""Listens on a socket for the calls of a container, by its id and its function's name."""


class Starter:
    """Prepares containers and takes them apart."""

    def __init__(
        self,
        places: Places,
        interpreters: Interpreters,
        catalog: Catalog,
        apps: AppStore,
        volumes: Volumes,
        blobs: Blobs,
        sources: Sources,
    ) -> None:
        self._places = places
        self._interpreters = interpreters
        self._catalog = catalog
        self._apps = apps
        self._volumes = volumes
        self._blobs = blobs
        self._sources = sources
        self._listen: Listen | None = None
        self._listeners: dict[str, Server] = {}

    def serve(self, listen: Listen) -> None:
        """How the calls that containers make are listened for."""
        self._listen = listen

    async def start(self, container: Container) -> None:
        """Start it; ``container.process`` is set when this returns.

        Raises ReconcileError or OSError, with nothing left to take apart but by ``clear``.
        """
        spec, folder = container.spec, self._folder(container)
        real = self._places.real_paths
        if real is None:
            real = await self._interpreters.can_mount()
        for name in ("root", "aside", "volumes"):
            (folder / name).mkdir(parents=True)
        container.mounted = [self._mount(mount, folder) for mount in spec.function.volume_mounts]
        for mounted in container.mounted:
            await mounted.reload()
        overlay = await self._sources.layout(spec.function)
        launcher, programs = await self._interpreters.of(spec.function.image_id)
        socket = self._places.sockets / container.id[-12:]
        assert self._listen is not None, "the engine has begun to serve"
        self._listeners[container.id] = await self._listen(socket, container.id, spec.name)
        arguments = folder / "arguments.pb"
        arguments.write_bytes(self._arguments(container).SerializeToString())
        env = {
            **self._variables(container, overlay, programs, real=real),
            "MODAL_SERVER_URL": f"unix://{socket}",
            "MODAL_CONTAINER_ARGUMENTS_PATH": str(arguments),
        }
        binds = tuple((m.target, self._shown(m, spec), m.read_only) for m in container.mounted)
        order = LaunchOrder(
            env=env,
            cwd=self._cwd(spec, overlay, real=real),
            mounts=Mounts(folder / "root", overlay, binds, _has_server(spec)) if real else None,
        )
        container.process = await launcher.start(order)

    async def clear(self, container: Container) -> None:
        """Remove what a container that has ended leaves behind."""
        listener = self._listeners.pop(container.id, None)
        if listener is not None:
            listener.close()
            await listener.wait_closed()
        (self._places.sockets / container.id[-12:]).unlink(missing_ok=True)
        await asyncio.to_thread(shutil.rmtree, self._folder(container), ignore_errors=True)

    def _folder(self, container: Container) -> Path:
        return self._places.folder / container.id

    def _mount(self, mount: api_pb2.VolumeMount, folder: Path) -> Mounted:
        entry = self._catalog.get(mount.volume_id)
        if entry is None or entry.kind is not IdKind.VOLUME:
            raise ReconcileError(
                f"Volume {mount.volume_id} does not exist, or no longer",
                where=mount.mount_path,
                remedy="Deploy the app again.",
            )
        copy = folder / "volumes" / mount.volume_id
        copy.mkdir()
        return Mounted(
            volume=mount.volume_id,
            target=mount.mount_path,
            folder=copy,
            aside=folder / "aside",
            read_only=mount.read_only,
            volumes=self._volumes,
            blobs=self._blobs,
        )

    def _shown(self, mounted: Mounted, spec: Spec) -> Path:
        """The folder that is seen at the mount path: the copy, or a part of it."""
        mount = next(m for m in spec.function.volume_mounts if m.volume_id == mounted.volume)
        part = mounted.folder / normal(mount.sub_path)
        part.mkdir(parents=True, exist_ok=True)
        return part

    def _cwd(self, spec: Spec, overlay: Path, *, real: bool) -> str:
        _, workdir = self._sources.settings(spec.function)
        wanted = Path(workdir or "/root")
        if real:
            inside = (overlay / wanted.relative_to("/")).is_dir() or wanted.is_dir()
            return str(wanted) if inside else "/root"
        return str(overlay / "root")

    def _variables(
        self, container: Container, overlay: Path, programs: Sequence[Path], *, real: bool
    ) -> dict[str, str]:
        """A clean environment: nothing of the engine's own but PATH and the locale."""
        spec = container.spec
        root = "/root" if real else str(overlay / "root")
        image, _ = self._sources.settings(spec.function)
        mounted = {m.target: str(self._shown(m, spec)) for m in container.mounted}
        chosen = {**image, **variables(self._catalog, spec.function.secret_ids)}
        paths = [root, *filter(None, [chosen.get("PYTHONPATH")])]
        return {
            "PATH": os.pathsep.join([*map(str, programs), os.environ.get("PATH", _PATH)]),
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
            "HOME": root,
            "PYTHONUNBUFFERED": "1",
            # Sources are shared, and hold their bytecode: see Sources.
            "PYTHONDONTWRITEBYTECODE": "1",
            **chosen,
            "PYTHONPATH": os.pathsep.join(paths),
            "MODAL_IS_REMOTE": "1",
            "MODAL_TASK_ID": container.id,
            "MODAL_IMAGE_ID": spec.function.image_id,
            "MODAL_ENVIRONMENT": spec.app.environment,
            "MODAL_CLOUD_PROVIDER": "CLOUD_PROVIDER_LOCAL",
            "MODAL_REGION": "local",
            "MODAL_CONFIG_PATH": str(self._places.config),
            **({} if real else {VOLUME_PATHS: json.dumps(mounted)}),
        }

    def _arguments(self, container: Container) -> api_pb2.ContainerArguments:
        spec = container.spec
        return api_pb2.ContainerArguments(
            task_id=container.id,
            function_id=spec.id,
            app_id=spec.app.id,
            function_def=spec.function,
            serialized_params=spec.params,
            environment_name=spec.app.environment,
            app_layout=self._layout(spec),
        )

    def _layout(self, spec: Spec) -> api_pb2.AppLayout:
        """Everything that user code may refer to; one id too few ends a container at once."""
        published = self._apps.published(spec.app.id)
        assert published is not None
        objects = {
            one.id: api_pb2.Object(
                object_id=one.id,
                function_handle_metadata=handle(
                    one.id, one.name, one.data, spec.app.id, one.definition
                ),
            )
            for one in self._apps.specs(spec.app.id)
        }
        for identifier in published.body.class_ids.values():
            objects[identifier] = api_pb2.Object(
                object_id=identifier, class_handle_metadata=api_pb2.ClassHandleMetadata()
            )
        for dependency in spec.function.object_dependencies:
            objects.setdefault(dependency.object_id, self._object(dependency.object_id))
        return api_pb2.AppLayout(
            objects=objects.values(),
            function_ids=published.body.function_ids,
            class_ids=published.body.class_ids,
        )

    def _object(self, identifier: str) -> api_pb2.Object:
        entry = self._catalog.get(identifier)
        if entry is not None and entry.kind is IdKind.VOLUME:
            return api_pb2.Object(object_id=identifier, volume_metadata=volume_metadata(entry))
        spec = self._apps.spec(identifier)
        if spec is not None:
            return api_pb2.Object(
                object_id=identifier,
                function_handle_metadata=handle(
                    spec.id, spec.name, spec.data, spec.app.id, spec.definition
                ),
            )
        return api_pb2.Object(object_id=identifier)


def _has_server(spec: Spec) -> bool:
    """Whether the runtime will look for a web server that the function starts."""
    configs = [spec.function.webhook_config]
    configs += [one.webhook_config for one in spec.function.method_definitions.values()]
    return any(config.type == api_pb2.WEBHOOK_TYPE_WEB_SERVER for config in configs)
