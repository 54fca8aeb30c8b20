"""A function of the repository that is deployed with its schedule, as typed values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from functools import cached_property
from hashlib import sha256
from typing import Any, Final, TypeAlias

from reconciler.durations import format_duration
from reconciler.manifest.retries import Retries
from reconciler.manifest.sizes import Amount, format_memory

IMAGE_PYTHON: Final = "3.12"
"""Python of an image that names neither a version nor a base."""
MODAL_PAUSE: Final = 60.0
"""Seconds; Modal's own retries wait no longer than this between two attempts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """The image of a code target: a base, then layers in this order.

    Args:
        registry, dockerfile, name: the base, at most one of them.
        uv_sync: the folder of `uv.lock`; `.` for the repository's root.
    """

    python: str | None = None
    registry: str | None = None
    dockerfile: str | None = None
    name: str | None = None
    apt: tuple[str, ...] = ()
    pip: tuple[str, ...] = ()
    requirements: str | None = None
    uv_sync: str | None = None
    run: tuple[str, ...] = ()

    @property
    def is_based(self) -> bool:
        """Whether it names a base of its own."""
        return bool(self.registry or self.dockerfile or self.name)

    @property
    def syntax(self) -> tuple[int, int] | None:
        """The version whose syntax its code must have; None if the base decides that."""
        if self.python is None and self.is_based:
            return None
        major, _, minor = (self.python or IMAGE_PYTHON).partition(".")
        return int(major), int(minor)

    def over(self, base: Image) -> Image:
        """This image, with what it leaves open as in another."""
        if self.is_based:
            base = replace(base, registry=None, dockerfile=None, name=None)
        own = {item.name: getattr(self, item.name) for item in fields(self)}
        return replace(base, **{key: value for key, value in own.items() if value})


@dataclass(frozen=True, slots=True)
class NamedSecret:
    """A Modal Secret, with the keys that it must have; none if any will do."""

    name: str
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SecretFromEnv:
    """Variables of the environment of the apply, kept in a Modal Secret of the target."""

    names: tuple[str, ...]


Secret: TypeAlias = NamedSecret | SecretFromEnv


@dataclass(frozen=True, kw_only=True)
class CodeOptions:
    """How a code target is deployed; None where the defaults, or Modal's own, hold.

    Args:
        cpu: cores.
        memory: MiB.
        gpu: Modal's names, each with its number if it is not 1; the first that is available.
        secrets: in this order; of two with one key the later one wins.
        volumes: mount path to the name of a Modal Volume.
        env: environment variables.
        timeout: of one attempt.
        include: paths and patterns of further files.
    """

    image: Image | None = None
    cpu: Amount | None = None
    memory: Amount | None = None
    gpu: tuple[str, ...] | None = None
    secrets: tuple[Secret, ...] | None = None
    volumes: Mapping[str, str] | None = None
    env: Mapping[str, str] | None = None
    region: tuple[str, ...] | None = None
    max_containers: int | None = None
    min_containers: int | None = None
    scaledown_window: timedelta | None = None
    concurrency: int | None = None
    include: tuple[str, ...] | None = None
    retries: Retries | None = None
    timeout: timedelta | None = None

    def over(self, base: CodeOptions) -> CodeOptions:
        """These options, with what they leave open as in others; mappings are merged by key."""
        own = {item.name: getattr(self, item.name) for item in fields(self)}
        merged = replace(base, **{key: value for key, value in own.items() if value is not None})
        image = self.image if base.image is None else base.image
        if self.image is not None and base.image is not None:
            image = self.image.over(base.image)
        return replace(
            merged,
            image=image,
            volumes=_merged(base.volumes, self.volumes),
            env=_merged(base.env, self.env),
        )

    @property
    def from_env(self) -> tuple[str, ...]:
        """The variables of the apply's environment that its secrets name, sorted."""
        taken = (one.names for one in self.secrets or () if isinstance(one, SecretFromEnv))
        return tuple(sorted({name for names in taken for name in names}))

    @property
    def retried_by_modal(self) -> bool:
        """Whether Modal's own retries can express its retries."""
        return self.retries is None or all(one <= MODAL_PAUSE for one in self.retries.pauses())

    @cached_property
    def shown(self) -> Mapping[str, Any]:
        """What is deployed besides the files, as JSON that a manifest's reader recognises; without
        what is left open, and without the values of secrets."""
        found: dict[str, Any] = {}
        if self.image is not None:
            image = {item.name: getattr(self.image, item.name) for item in fields(self.image)}
            found["image"] = {key: _plain(value) for key, value in image.items() if value}
        for key in ("gpu", "region", "volumes", "env"):
            value = getattr(self, key)
            if value:
                found[key] = _plain(value)
        for key in ("max_containers", "min_containers", "concurrency"):
            if getattr(self, key) is not None:
                found[key] = getattr(self, key)
        if self.cpu is not None:
            found["cpu"] = _pair(_whole(self.cpu.request), _whole(self.cpu.limit))
        if self.memory is not None:
            limit = self.memory.limit
            found["memory"] = _pair(
                format_memory(self.memory.request), None if limit is None else format_memory(limit)
            )
        if self.secrets:
            found["secrets"] = [_secret(one) for one in self.secrets]
        for key in ("scaledown_window", "timeout"):
            if getattr(self, key) is not None:
                found[key] = format_duration(getattr(self, key))
        if self.retries is not None and self.retries.max:
            found["retries"] = {
                "max": self.retries.max,
                "backoff": format_duration(self.retries.backoff),
                "factor": self.retries.factor,
            }
        return found


AS_MODAL: Final = CodeOptions()
"""Nothing is said: Modal's defaults hold."""


@dataclass(frozen=True, kw_only=True)
class CodeTarget:
    """A function in this repository, deployed with its schedule.

    Args:
        path: the Python file, relative to the folder of `reconciler.yaml`, with forward slashes.
        function: name of the function in that file.
        options: how it is deployed. Of a manifest that was read, as that writes it; of the
            schedules of an environment, with its defaults.
    """

    path: str
    function: str
    options: CodeOptions = AS_MODAL

    def __str__(self) -> str:
        return f"{self.path}::{self.function}"

    def under(self, defaults: CodeOptions) -> CodeTarget:
        """The target with the defaults of an environment."""
        return replace(self, options=self.options.over(defaults))

    @cached_property
    def key(self) -> str:
        """Its identity: schedules that agree in it share one target."""
        parts = [str(self), dict(self.options.shown), list(self.options.include or ())]
        return sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _merged(
    base: Mapping[str, str] | None, own: Mapping[str, str] | None
) -> Mapping[str, str] | None:
    return own if base is None else {**base, **(own or {})}


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _whole(number: float | None) -> float | None:
    """A number without a point where it needs none: 1.0 and 1 are the same cores."""
    return int(number) if number is not None and number == int(number) else number


def _pair(request: Any, limit: Any) -> Any:
    return request if limit is None else [request, limit]


def _secret(secret: Secret) -> Any:
    if isinstance(secret, SecretFromEnv):
        return {"from_env": list(secret.names)}
    return {"name": secret.name, "keys": list(secret.keys)} if secret.keys else secret.name
