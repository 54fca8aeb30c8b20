"""What a schema cannot express of a `code` target's keys. It makes their typed values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

from reconciler.durations import parse_duration
from reconciler.manifest.code_form import FromEnvForm, ImageForm, SecretForm
from reconciler.manifest.code_target import (
    CodeOptions,
    Image,
    NamedSecret,
    Secret,
    SecretFromEnv,
)
from reconciler.manifest.fault import Fault, Path
from reconciler.manifest.manifest_form import CodeDefaultsForm, ManifestForm, RetriesForm
from reconciler.manifest.resources_form import ResourcesForm
from reconciler.manifest.retries import Retries
from reconciler.manifest.sizes import (
    LEAST_MEMORY,
    MOST_MEMORY,
    Amount,
    format_memory,
    gpu_named,
    mebibytes,
)
from reconciler.policies import LONGEST_RUN

SHORTEST_WINDOW: Final = timedelta(seconds=2)
LONGEST_WINDOW: Final = timedelta(hours=1)
RESERVED_PREFIXES: Final = ("MODAL_", "GITHUB_", "ACTIONS_", "CLOUDFLARE_", "RECONCILE")
"""Variables of the platforms, among them their credentials, and ours."""
RESERVED_MOUNTS: Final = (
    "/root",
    "/tmp",  # noqa: S108 - a path in containers, no file of this machine
    "/root/reconciler",
    "/root/repository",
)
"""Where Modal refuses to mount a Volume, and where our code and the repository's are."""
LIST_IT: Final = "add it to `from_env` there; only listed variables of an apply are deployed"
_BASES: Final = ("registry", "dockerfile", "name")


def code_faults(form: ManifestForm | CodeDefaultsForm, path: Path = ()) -> Iterator[Fault]:
    """What is wrong with the keys of a code target, whose form is valid.

    Args:
        path: to these keys in their document.
    """
    if form.image is not None:
        yield from _image_faults(form.image, (*path, "image"))
    yield from _pair_faults(form.cpu, (*path, "cpu"))
    yield from _memory_faults(form.memory, (*path, "memory"))
    yield from _secret_faults(form.secrets or [], (*path, "secrets"))
    yield from _env_faults(form.env, path)
    yield from _volume_faults(form.volumes, path)
    least, most = form.min_containers, form.max_containers
    if least is not None and most is not None and least > most:
        yield Fault(
            path=(*path, "min_containers"),
            message=f"`min_containers` must not be more than `max_containers`, {most}",
        )
    window = None if form.scaledown_window is None else parse_duration(form.scaledown_window)
    if window is not None and not SHORTEST_WINDOW <= window <= LONGEST_WINDOW:
        yield Fault(
            path=(*path, "scaledown_window"),
            message="`scaledown_window` must be 2s to 1h, Modal's own limits",
        )
    for index, pattern in enumerate(form.include or ()):
        yield from path_faults(pattern, (*path, "include", index), "include")


def resource_faults(form: ResourcesForm | None, path: Path) -> Iterator[Fault]:
    """What is wrong with the resources of a schedule's runs, whose form is valid."""
    if form is None:
        return
    yield from _pair_faults(form.cpu, (*path, "cpu"))
    yield from _memory_faults(form.memory, (*path, "memory"))
    yield from _secret_faults(list(form.secrets or []), (*path, "secrets"))
    yield from _env_faults(form.env, path)
    yield from _volume_faults(form.volumes, path)


def read_resources(form: ResourcesForm | None) -> dict[str, Any]:
    """The resources that a valid form gives, as a schedule's record has them.

    ``cpu`` in cores and ``memory`` in MiB, a number or a pair of request and limit.
    """
    if form is None:
        return {}
    regions = [form.region] if isinstance(form.region, str) else form.region
    secrets = [
        one if isinstance(one, str) else {"name": one.name, "keys": list(one.keys)}
        for one in form.secrets or ()
    ]
    found: dict[str, Any] = {
        "cpu": None if form.cpu is None else _plain(_amount(form.cpu)),
        "memory": None if form.memory is None else _plain(_memory(form.memory)),
        "gpu": None if form.gpu is None else gpu_named(form.gpu),
        "env": form.env,
        "secrets": secrets,
        "volumes": form.volumes,
        "region": regions,
    }
    return {key: value for key, value in found.items() if value}


def _plain(amount: Amount) -> float | list[float]:
    whole = [int(one) if one == int(one) else one for one in amount if one is not None]
    return whole if len(whole) > 1 else whole[0]


def duration_faults(form: CodeDefaultsForm, path: Path) -> Iterator[Fault]:
    """What is wrong with the durations of `defaults`; those of a manifest are checked with it."""
    timeout = None if form.timeout is None else parse_duration(form.timeout)
    if timeout is not None and not timedelta() < timeout <= LONGEST_RUN:
        yield Fault(
            path=(*path, "timeout"), message="`timeout` must be 1s to 24h, Modal's own limits"
        )
    backoff = form.retries.backoff if isinstance(form.retries, RetriesForm) else None
    if backoff is not None and not parse_duration(backoff):
        yield Fault(
            path=(*path, "retries", "backoff"),
            message="`retries.backoff` must be longer than zero",
            remedy="remove it",
        )


def unlisted(options: CodeOptions, listed: tuple[str, ...]) -> tuple[str, ...]:
    """The variables of the apply's environment that secrets take and settings do not list."""
    return tuple(name for name in options.from_env if name not in listed)


def not_listed(variable: str) -> str:
    """The message for such a variable."""
    return f"reconciler.yaml does not list `{variable}` under `from_env`"


def read_options(form: ManifestForm | CodeDefaultsForm) -> CodeOptions:
    """The options that a valid form, without faults, gives."""
    window = form.scaledown_window
    gpus = [form.gpu] if isinstance(form.gpu, str) else form.gpu
    regions = [form.region] if isinstance(form.region, str) else form.region
    return CodeOptions(
        image=None if form.image is None else _image(form.image),
        cpu=None if form.cpu is None else _amount(form.cpu),
        memory=None if form.memory is None else _memory(form.memory),
        gpu=None if gpus is None else tuple(map(gpu_named, gpus)),
        secrets=None if form.secrets is None else tuple(map(_secret, form.secrets)),
        volumes=form.volumes,
        env=form.env,
        region=None if regions is None else tuple(regions),
        max_containers=form.max_containers,
        min_containers=form.min_containers,
        scaledown_window=None if window is None else parse_duration(window),
        concurrency=form.concurrency,
        include=None if form.include is None else tuple(form.include),
        retries=read_retries(form.retries),
        timeout=None if form.timeout is None else parse_duration(form.timeout),
    )


def read_retries(written: int | RetriesForm | None) -> Retries | None:
    """The retries of a form; None where it gives none."""
    if not isinstance(written, RetriesForm):
        return None if written is None else Retries(max=written)
    usual = Retries()
    backoff = usual.backoff if written.backoff is None else parse_duration(written.backoff)
    return Retries(written.max, backoff, usual.factor if written.factor is None else written.factor)


def _image_faults(image: ImageForm, path: Path) -> Iterator[Fault]:
    first, *others = [key for key in _BASES if getattr(image, key) is not None] or [""]
    for other in others:
        yield Fault(
            path=(*path, other),
            message=f"both `image.{first}` and `image.{other}` are given",
            remedy="an image has one base: keep one of them",
            at_key=True,
        )
    for key in ("dockerfile", "requirements", "uv_sync"):
        written = getattr(image, key)
        if isinstance(written, str):
            yield from path_faults(written, (*path, key), f"image.{key}")
    if image.python is not None and image.name is not None:
        yield Fault(
            path=(*path, "python"),
            message="`image.python` cannot be given with `image.name`",
            remedy="a Modal image that has a name has its own Python: remove it",
            at_key=True,
        )


def _env_faults(env: Mapping[str, str] | None, path: Path) -> Iterator[Fault]:
    for name in env or {}:
        if name.startswith(RESERVED_PREFIXES):
            yield _reserved((*path, "env", name), name)


def _volume_faults(volumes: Mapping[str, str] | None, path: Path) -> Iterator[Fault]:
    for mount in volumes or {}:
        if {".", ".."} & set(mount.split("/")):
            what, remedy = "must not contain `.` or `..`", "write where it leads"
        elif mount in RESERVED_MOUNTS:
            what, remedy = "is taken by the container", f"mount it below, such as at `{mount}/data`"
        else:
            continue
        yield Fault(
            path=(*path, "volumes", mount),
            message=f"the path `{mount}` in `volumes` {what}",
            remedy=remedy,
            at_key=True,
        )


def _pair_faults(written: float | list[float] | None, path: Path) -> Iterator[Fault]:
    if isinstance(written, list) and written[0] > written[1]:
        yield _swapped(path)


def _memory_faults(written: int | str | list[int | str] | None, path: Path) -> Iterator[Fault]:
    if written is None:
        return
    pair = isinstance(written, list)
    sizes = [mebibytes(one) for one in (written if isinstance(written, list) else [written])]
    for index, size in enumerate(sizes):
        if not LEAST_MEMORY <= size <= MOST_MEMORY or size != int(size):
            least, most = format_memory(LEAST_MEMORY), format_memory(MOST_MEMORY)
            yield Fault(
                path=(*path, index) if pair else path,
                message=f"`{path[-1]}` must be {least} to {most}, in whole Mi",
            )
    if pair and sizes[0] > sizes[1]:
        yield _swapped(path)


def _swapped(path: Path) -> Fault:
    return Fault(
        path=path,
        message=f"the request of `{path[-1]}` is more than its limit",
        remedy="write [request, limit], the smaller one first",
    )


def _secret_faults(secrets: list[str | SecretForm | FromEnvForm], path: Path) -> Iterator[Fault]:
    seen: set[str] = set()
    for index, secret in enumerate(secrets):
        if isinstance(secret, FromEnvForm):
            for place, name in enumerate(secret.from_env):
                if name.startswith(RESERVED_PREFIXES):
                    yield _reserved((*path, index, "from_env", place), name)
            continue
        name = secret if isinstance(secret, str) else secret.name
        if name in seen:
            yield Fault(path=(*path, index), message=f"`secrets` contains `{name}` twice")
        seen.add(name)


def _reserved(path: Path, name: str) -> Fault:
    return Fault(
        path=path,
        message=f"`{name}` cannot be given to a function: it is a variable of the platform",
        remedy="names that begin with " + ", ".join(RESERVED_PREFIXES) + " are reserved",
        at_key=isinstance(path[-1], str),
    )


def path_faults(written: str, path: Path, key: str) -> Iterator[Fault]:
    """What is wrong with a path of a file in the repository: each file has one."""
    parts = written.split("/")
    if ".." in parts:
        yield Fault(
            path=path, message=f"`{key}` must stay inside the repository", remedy="remove `..`"
        )
    elif "." in parts and written != ".":
        plain = "/".join(part for part in parts if part != ".")
        yield Fault(path=path, message=f"`{key}` must not contain `./`", remedy=f"write `{plain}`")


def _image(form: ImageForm) -> Image:
    folder = form.uv_sync
    return Image(
        python=form.python,
        registry=form.registry,
        dockerfile=form.dockerfile,
        name=form.name,
        apt=tuple(form.apt or ()),
        pip=tuple(form.pip or ()),
        requirements=form.requirements,
        uv_sync=folder if isinstance(folder, str) else "." if folder else None,
        run=tuple(form.run or ()),
    )


def _amount(written: float | list[float]) -> Amount:
    return Amount(*written) if isinstance(written, list) else Amount(written)


def _memory(written: int | str | list[int | str]) -> Amount:
    if isinstance(written, list):
        return Amount(*map(mebibytes, written))
    return Amount(mebibytes(written))


def _secret(form: str | SecretForm | FromEnvForm) -> Secret:
    if isinstance(form, str):
        return NamedSecret(form)
    if isinstance(form, SecretForm):
        return NamedSecret(form.name, tuple(form.keys))
    return SecretFromEnv(tuple(form.from_env))
