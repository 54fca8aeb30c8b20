"""The record of an apply: one file for each, written once.

The records are beside the generations on the Volume. Each says of every schedule which commit made
it what it is, carried on from the record before, so that one read answers it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Self

from reconciler.model.formats import FORMAT, check_format, reading, typed
from reconciler.model.pointer import Pointer, pointer_of

APPLIES_FOLDER: Final = "applies"
_POINTER_KEYS: Final = (
    "generation",
    "commit",
    "dirty",
    "by",
    "at",
    "previous",
    "author",
    "link",
)
"""What a record says of its pointer. Version 0.1.0 refuses a record whose pointer has another key,
so a key that the pointer has gained since stays out of it."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What made a schedule what it is.

    Attributes:
        commit: None outside git.
        author: of the commit, None when not known.
        at: when it was applied, ISO 8601.
    """

    commit: str | None
    author: str | None
    at: str


@dataclass(frozen=True, slots=True)
class Applied:
    """One apply.

    Attributes:
        pointer: what it made live, by whom and when.
        summary: what it did, in a few words.
        origins: schedule name to what made it what it is.
        app: Modal's id of the app that it left deployed; None when an older version applied.
    """

    pointer: Pointer
    summary: str
    origins: Mapping[str, Origin]
    app: str | None = None

    @property
    def path(self) -> str:
        """Its file."""
        return applied_path(self.pointer)

    def encode(self) -> bytes:
        """The content of its file."""
        pointer = {key: getattr(self.pointer, key) for key in _POINTER_KEYS}
        # Many schedules share few origins, which are therefore listed once and named by position.
        places = {
            origin: place for place, origin in enumerate(dict.fromkeys(self.origins.values()))
        }
        body = {
            "format": FORMAT,
            "pointer": pointer,
            **({"number": self.pointer.number} if self.pointer.number else {}),
            "summary": self.summary,
            "app": self.app,
            "origins": [[origin.commit, origin.author, origin.at] for origin in places],
            "schedules": {name: places[origin] for name, origin in self.origins.items()},
        }
        return json.dumps(body, sort_keys=True, separators=(",", ":")).encode() + b"\n"

    @classmethod
    def decode(cls, content: bytes, where: str) -> Self:
        """Read :meth:`encode` back.

        Raises:
            NewerFormatError: a newer version wrote it.
            FormatError: it is no such record.
        """
        with reading("the record of an apply", where):
            data: dict[str, Any] = json.loads(content)
            check_format(data, where)
            found = [_origin(origin) for origin in typed(data, "origins", list)]
            places = typed(data, "schedules", dict)
            origins = {name: found[place] for name, place in places.items()}
            pointer = pointer_of(typed(data, "pointer", dict))
            pointer = replace(pointer, number=typed(data, "number", int, 0))
            return cls(pointer, typed(data, "summary", str), origins, typed(data, "app", str, None))


def _origin(written: Sequence[Any]) -> Origin:
    commit, author, at = written
    data = {"commit": commit, "author": author, "at": at}
    return Origin(
        typed(data, "commit", str, None), typed(data, "author", str, None), typed(data, "at", str)
    )


def applied_path(pointer: Pointer) -> str:
    """Where the record of the apply that wrote this pointer is; paths sort by time."""
    return f"{APPLIES_FOLDER}/{pointer.at}-{pointer.generation[:12]}.json"
