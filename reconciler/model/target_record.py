"""A code target as an apply deployed it: what a plan compares, and shows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Any, Final, Self

from reconciler.model.formats import typed

DIGEST_LENGTH: Final = 16
"""Hexadecimal characters of a digest of a target; Modal's tags hold 63."""


@dataclass(frozen=True, kw_only=True)
class TargetRecord:
    """A code target.

    Attributes:
        app: its Modal app.
        function: its function in that app.
        code: the function in the repository, ``jobs/rates.py::refresh``.
        options: how it is deployed, without values of secrets, as
            :attr:`~reconciler.manifest.code_target.CodeOptions.shown`.
        files: path to the SHA-256 of its content, of every file that is deployed with it.
        image_files: the same of the files that its image is built from.
        runtime: a digest of our own code in its container.
        lingers: minutes for which a run may be retried that began before the target retired.
    """

    app: str
    function: str
    code: str
    options: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    image_files: Mapping[str, str] = field(default_factory=dict)
    runtime: str = ""
    lingers: int = 0

    @cached_property
    def code_digest(self) -> str:
        """Differs when its files, its function or our code in its container do."""
        return _digest([self.code, dict(self.files), self.runtime])

    @cached_property
    def image_digest(self) -> str:
        """Differs when its image has to be built."""
        return _digest([self.options.get("image"), dict(self.image_files)])

    @cached_property
    def resources_digest(self) -> str:
        """Differs when anything else of it does."""
        return _digest({key: value for key, value in self.options.items() if key != "image"})

    def to_json(self) -> dict[str, Any]:
        """The record as JSON; what is empty is left out."""
        data = {
            "app": self.app,
            "function": self.function,
            "code": self.code,
            "options": dict(self.options),
            "files": dict(self.files),
            "image_files": dict(self.image_files),
            "runtime": self.runtime,
            "lingers": self.lingers,
        }
        return {key: value for key, value in data.items() if value}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read :meth:`to_json` back.

        Raises:
            KeyError, TypeError: it is not one of our records.
        """
        return cls(
            app=typed(data, "app", str),
            function=typed(data, "function", str),
            code=typed(data, "code", str),
            options=typed(data, "options", dict, {}),
            files=typed(data, "files", dict, {}),
            image_files=typed(data, "image_files", dict, {}),
            runtime=typed(data, "runtime", str, ""),
            lingers=typed(data, "lingers", int, 0),
        )


def _digest(content: Any) -> str:
    encoded = json.dumps(content, sort_keys=True).encode()
    return sha256(encoded).hexdigest()[:DIGEST_LENGTH]
