"""The Modal app of a code target: its image, our entry point, and the repository's files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any, Final, NamedTuple

import modal

from reconciler.container.entrypoint import (
    DICT_VARIABLE,
    FOLDER,
    TARGET_VARIABLE,
    run,
    run_async,
)
from reconciler.deploy.deployment import package_folder
from reconciler.manifest import CodeOptions
from reconciler.manifest.code_files import SourceFile
from reconciler.manifest.code_target import IMAGE_PYTHON, MODAL_PAUSE, Image, NamedSecret
from reconciler.manifest.sizes import Amount
from reconciler.plan.code_targets import PlannedTarget

PARTS: Final = ("__init__.py", "attempts.py", "decorator.py", "container")
"""What of our source is in the container of a code target. It rarely changes, and with it every
code target."""
REPOSITORY: Final = f"/root/{FOLDER}"
"""Where the repository's files are in the container: beside our package."""
_WRITTEN_AT: Final = 0
"""The modification time of the files that are laid out: an upload of the same content is the same,
and Modal's client refuses a file that changes while it deploys."""


class ImageLayer(NamedTuple):
    """A layer of an image.

    Attributes:
        words: as the manifest has it: ``pip: requests==2.32``.
        image: up to and with this layer.
    """

    words: str
    image: modal.Image


def in_container(path: Path) -> bool:
    """Whether a file of our package belongs into the containers of code targets.

    Args:
        path: relative to the package, or absolute.
    """
    relative = path.relative_to(package_folder()) if path.is_absolute() else path
    return relative.suffix == ".py" and relative.parts[0] in PARTS


@cache
def runtime_digest() -> str:
    """A digest of our own code in the containers of code targets."""
    root = package_folder()
    seen = sha256()
    for path in sorted(root.rglob("*.py")):
        if in_container(path):
            seen.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return seen.hexdigest()[:12]


def lay_out(files: Iterable[SourceFile], folder: Path) -> Path:
    """Write files below a folder, which is made; returns it."""
    folder.mkdir(parents=True)
    for file in files:
        path = folder / PurePosixPath(file.path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
        os.utime(path, (_WRITTEN_AT, _WRITTEN_AT))
    return folder


def layers_of(
    image: Image | None, sources: Path, environment: str, python: str = IMAGE_PYTHON
) -> Sequence[ImageLayer]:
    """The layers of a target's image, its base first; nothing is built.

    Args:
        sources: the folder that the files are in which the image is built from.
        environment: the Modal environment, in which a named image is looked for.
        python: the version where neither the image nor its base names one.
    """
    asked = image or Image()
    words, built = _base(asked, sources, environment, python)
    layers = [ImageLayer(words, built)]

    def add(key: str, value: str, further: modal.Image) -> modal.Image:
        layers.append(ImageLayer(f"{key}: {value}", further))
        return further

    if asked.apt:
        built = add("apt", " ".join(asked.apt), built.apt_install(*asked.apt))
    if asked.pip:
        built = add("pip", " ".join(asked.pip), built.pip_install(*asked.pip))
    if asked.requirements is not None:
        file = str(sources / asked.requirements)
        built = add("requirements", asked.requirements, built.pip_install_from_requirements(file))
    if asked.uv_sync is not None:
        built = add("uv_sync", asked.uv_sync, built.uv_sync(str(sources / asked.uv_sync)))
    for command in asked.run:
        built = add("run", command, built.run_commands(command))
    return layers


def build_target_app(
    planned: PlannedTarget,
    image: modal.Image,
    folder: Path,
    tags: Mapping[str, str],
    *,
    app: str,
    environment: str,
) -> modal.App:
    """Define the app of a target; nothing is sent anywhere.

    Args:
        image: its last layer.
        folder: with the repository's files, as they are deployed.
        app: our app, whose Dict records the attempts.
        environment: the Modal environment.
    """
    record, options = planned.record, planned.target.options
    found = modal.App(record.app, tags=dict(tags), include_source=False)
    # The files come last and are mounted, so that a changed line builds no image.
    complete = image.add_local_python_source(
        "reconciler", ignore=lambda path: not in_container(path)
    ).add_local_dir(folder, REPOSITORY)
    entry: Any = run_async if planned.source.is_async else run
    if options.concurrency is not None:
        entry = modal.concurrent(max_inputs=options.concurrency)(entry)
    found.function(
        name=record.function,
        image=complete,
        env={
            **(options.env or {}),
            TARGET_VARIABLE: record.code,
            DICT_VARIABLE: app,
        },
        secrets=secrets_of(planned, environment),
        volumes={
            path: modal.Volume.from_name(name, environment_name=environment)
            for path, name in (options.volumes or {}).items()
        },
        include_source=False,
        **_resources(options),
    )(entry)
    return found


def secrets_of(planned: PlannedTarget, environment: str) -> list[modal.Secret]:
    """The Modal Secrets that a target's function carries, its own last."""
    options = planned.target.options
    found = [
        modal.Secret.from_name(one.name, environment_name=environment, required_keys=list(one.keys))
        for one in options.secrets or ()
        if isinstance(one, NamedSecret)
    ]
    if options.from_env:
        found.append(
            modal.Secret.from_name(
                planned.record.app,
                environment_name=environment,
                required_keys=list(options.from_env),
            )
        )
    return found


def _base(image: Image, sources: Path, environment: str, python: str) -> tuple[str, modal.Image]:
    if image.registry is not None:
        base = modal.Image.from_registry(image.registry, add_python=image.python)
        return f"registry: {image.registry}", base
    if image.dockerfile is not None:
        file = sources / image.dockerfile
        base = modal.Image.from_dockerfile(file, context_dir=file.parent, add_python=image.python)
        return f"dockerfile: {image.dockerfile}", base
    if image.name is not None:
        return f"name: {image.name}", modal.Image.from_name(
            image.name, environment_name=environment
        )
    version = image.python or python
    return f"python: {version}", modal.Image.debian_slim(python_version=version)


def _resources(options: CodeOptions) -> dict[str, Any]:
    """What Modal's client is given; what is left open is left out."""
    retries = options.retries
    given: dict[str, Any] = {
        "cpu": _amount(options.cpu),
        "memory": _mebibytes(options.memory),
        "gpu": list(options.gpu) if options.gpu else None,
        "region": list(options.region) if options.region else None,
        "max_containers": options.max_containers,
        "min_containers": options.min_containers,
    }
    if options.scaledown_window is not None:
        given["scaledown_window"] = round(options.scaledown_window.total_seconds())
    if options.timeout is not None:
        given["timeout"] = round(options.timeout.total_seconds())
    if retries is not None and retries.max and options.retried_by_modal:
        given["retries"] = modal.Retries(
            max_retries=retries.max,
            initial_delay=retries.backoff.total_seconds(),
            backoff_coefficient=float(retries.factor),
            max_delay=MODAL_PAUSE,
        )
    return {key: value for key, value in given.items() if value is not None}


def _amount(amount: Amount | None) -> float | tuple[float, float] | None:
    if amount is None or amount.limit is None:
        return None if amount is None else float(amount.request)
    return float(amount.request), float(amount.limit)


def _mebibytes(amount: Amount | None) -> int | tuple[int, int] | None:
    if amount is None or amount.limit is None:
        return None if amount is None else int(amount.request)
    return int(amount.request), int(amount.limit)
