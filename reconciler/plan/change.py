"""Changes as data: what would be done, to what, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Action(StrEnum):
    """What is done to a thing."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    RENAME = "rename"
    SUSPEND = "suspend"
    RESUME = "resume"
    REPAIR = "repair"


class Kind(StrEnum):
    """What kind of thing is changed."""

    SCHEDULE = "schedule"
    SLOT = "slot"
    APP = "app"
    GENERATION = "generation"
    POINTER = "pointer"
    VOLUME = "volume"
    TARGET = "target"
    """A function of the repository, with its app."""
    WEB = "web"
    """The app of the HTTP API."""
    WORKER = "worker"
    """The Worker on Cloudflare."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change.

    Attributes:
        name: of the schedule or slot; of the app for the others.
        reason: one line, what is different.
        file, line: the manifest, None where there is none.
        before, after: the thing as JSON, None where it is not there.
    """

    action: Action
    kind: Kind
    name: str
    reason: str
    file: str | None = None
    line: int | None = None
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
