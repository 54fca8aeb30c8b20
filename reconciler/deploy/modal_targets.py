"""Deploys and removes the apps of code targets, through the public SDK."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import modal
from modal.exception import ImageBuildError, NotFoundError

from reconciler.deploy.ports import ImageNotBuiltError, MissingObjectError, TargetRefusedError
from reconciler.deploy.target_app import (
    ImageLayer,
    build_target_app,
    lay_out,
    layers_of,
)
from reconciler.dispatch.adapters.modal_calls import translated_errors
from reconciler.dispatch.adapters.modal_failures import describe
from reconciler.dispatch.answers import NOT_DONE, ModalError
from reconciler.manifest.code_target import NamedSecret
from reconciler.plan.code_targets import PlannedTarget
from reconciler.plan.read_back import gpus


class ModalTargets:
    """The apps of code targets in one Modal environment."""

    def __init__(self, app: str, environment: str, python: str) -> None:
        """Args: the name of our app, the Modal environment that it is in, and the Python version of
        images that name none."""
        self._python = python
        self._app = app
        self._environment = environment

    async def build_image(self, planned: PlannedTarget, where: str) -> None:
        """See :class:`~reconciler.deploy.ports.Apps`."""
        with TemporaryDirectory(prefix="reconcile-") as scratch:
            sources = lay_out(planned.source.image_files, Path(scratch) / "image")
            layers = self._layers(planned, sources)
            builder = modal.App(f"{planned.record.app}-image", include_source=False)
            with (
                _explained(planned, where),
                _named_layer(planned, layers, where),
                translated_errors(f"build the image of {planned.record.app}", patient=True),
            ):
                async with builder.run.aio(environment_name=self._environment):
                    await layers[-1].image.build.aio(builder)

    async def require_objects(self, planned: PlannedTarget, places: Mapping[str, str]) -> None:
        """See :class:`~reconciler.deploy.ports.Apps`."""
        options = planned.target.options
        for secret in options.secrets or ():
            if not isinstance(secret, NamedSecret):
                continue
            found = modal.Secret.from_name(
                secret.name, environment_name=self._environment, required_keys=list(secret.keys)
            )
            with translated_errors(f"look up the Secret {secret.name}"):
                try:
                    await found.hydrate.aio()
                except NotFoundError as error:
                    keys = f" with the keys {', '.join(secret.keys)}" if secret.keys else ""
                    values = [f"{key}=VALUE" for key in secret.keys or ("KEY",)]
                    where = places["secrets"]
                    raise self._missing("Secret", secret.name, keys, where, *values) from error
        for name in (options.volumes or {}).values():
            with translated_errors(f"look up the Volume {name}"):
                try:
                    volume = modal.Volume.from_name(name, environment_name=self._environment)
                    await volume.hydrate.aio()
                except NotFoundError as error:
                    raise self._missing("Volume", name, "", places["volumes"]) from error

    async def deploy_target(
        self, planned: PlannedTarget, tags: Mapping[str, str], values: Mapping[str, str], where: str
    ) -> None:
        """See :class:`~reconciler.deploy.ports.Apps`."""
        record = planned.record
        await self._store_values(planned, values)
        with TemporaryDirectory(prefix="reconcile-") as scratch:
            files = lay_out(planned.source.files, Path(scratch) / "files")
            sources = lay_out(planned.source.image_files, Path(scratch) / "image")
            layers = self._layers(planned, sources)
            app = build_target_app(
                planned,
                layers[-1].image,
                files,
                tags,
                app=self._app,
                environment=self._environment,
            )
            with (
                _explained(planned, where),
                _named_layer(planned, layers, where),
                translated_errors(f"deploy the app {record.app}", patient=True),
            ):
                await app.deploy.aio(environment_name=self._environment)

    async def remove_target(self, app: str) -> None:
        """See :class:`~reconciler.deploy.ports.Apps`."""
        with translated_errors(f"stop the app {app}"):
            try:
                found = await modal.App.lookup.aio(app, environment_name=self._environment)
            except NotFoundError:
                return
            await found.stop.aio()
        with translated_errors(f"delete the Secret {app}"):
            await modal.Secret.objects.delete.aio(
                app, allow_missing=True, environment_name=self._environment
            )

    async def is_busy(self, app: str, functions: Mapping[str, Any]) -> bool:
        """See :class:`~reconciler.deploy.ports.Apps`."""
        with translated_errors(f"read the calls of the app {app}"):
            for name in functions:
                function: modal.Function[..., Any, Any] = modal.Function.from_name(
                    app, name, environment_name=self._environment
                )
                stats = await function.get_current_stats.aio()
                if stats.backlog or stats.num_running_inputs:
                    return True
        return False

    def _layers(self, planned: PlannedTarget, sources: Path) -> Sequence[ImageLayer]:
        image = planned.target.options.image
        return layers_of(image, sources, self._environment, self._python)

    async def _store_values(self, planned: PlannedTarget, values: Mapping[str, str]) -> None:
        """Store variables of this apply in the target's Secret; others that it holds stay."""
        if not values:
            return
        name = planned.record.app
        with translated_errors(f"store the Secret {name}"):
            await modal.Secret.objects.create.aio(
                name, dict(values), allow_existing=True, environment_name=self._environment
            )
            secret = modal.Secret.from_name(name, environment_name=self._environment)
            await secret.update.aio(dict(values))

    def _missing(
        self, kind: str, name: str, detail: str, where: str, *values: str
    ) -> MissingObjectError:
        words = " ".join(["modal", kind.lower(), "create", name, *values])
        return MissingObjectError(
            f"there is no Modal {kind} {name}{detail} in environment {self._environment}",
            where=where,
            remedy=f"Create it: {words} --env {self._environment}"
            "\n  For --env local put `reconcile engine exec` before that.",
        )


def read_back(info: modal.types.FunctionInfo) -> dict[str, Any]:
    """What Modal reads back of a function's options, by their names in a manifest."""
    cpu, memory = info.cpu, info.memory_mib
    return {
        "cpu": list(cpu) if isinstance(cpu, tuple) else cpu,
        "memory": memory[-1] if isinstance(memory, tuple) else memory,
        "gpu": gpus(iter(info.gpus)),
        "timeout": info.timeout,
        "retries": info.max_retries,
        "region": sorted(info.regions or ()),
        "volumes": sorted(info.volumes),
    }


@contextmanager
def _explained(planned: PlannedTarget, where: str) -> Iterator[None]:
    """Name the manifest of a target that Modal refuses, and what of it may be why."""
    try:
        yield
    except ModalError as error:
        if error.kind not in NOT_DONE:
            raise
        options = planned.target.options
        asked = [f"GPU {gpu}" for gpu in options.gpu or ()]
        asked += [f"region {region}" for region in options.region or ()]
        offered = f" Check that Modal offers {' and '.join(asked)}." if asked else ""
        raise TargetRefusedError(
            f"Modal refused {planned.record.code}: {error.what}",
            where=where,
            remedy=f"Correct what the manifest asks for.{offered} What was live stays live.",
        ) from error


@contextmanager
def _named_layer(
    planned: PlannedTarget, layers: tuple[ImageLayer, ...] | Any, where: str
) -> Iterator[None]:
    """Name the layer of an image that cannot be built: the first that has no id."""
    try:
        yield
    except Exception as error:
        if not isinstance(error.__cause__ or error, ImageBuildError):
            raise
        failed = next((one for one in layers if not _is_built(one.image)), layers[-1])
        raise ImageNotBuiltError(
            f"the image of {planned.record.code} cannot be built, at the layer `{failed.words}`: "
            f"{describe(error.__cause__ or error)}",
            where=where,
            remedy="Correct `image` in the manifest. What was live stays live.",
        ) from error


def _is_built(image: modal.Image) -> bool:
    try:
        return bool(image.object_id)
    except AttributeError:  # the client's way to say that it has none yet
        return False
