"""The pointer to the live generation: the only file that is ever replaced."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from reconciler.model.formats import FORMAT, REPAIR, check_format, json_line, reading, typed

POINTER_PATH: Final = "current.json"
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointer:
    """Which generation is live, and who made it so.

    Attributes:
        generation: its digest.
        commit: the git commit it was planned from, None outside git.
        dirty: whether the work tree differed from that commit.
        by: who applied it.
        at: when, ISO 8601 in UTC.
        previous: the digest that was live before, None at first.
        author: who wrote the commit, None when that is not known.
        link: where the apply can be seen, None when there is no such place.
        number: of the apply, from 1; 0 when a version without apply numbers wrote the pointer.
        protected: the names of the protected schedules, sorted. They stand here as well, so that
            they are known when the generation is gone. None when an older version wrote it.
        identity: the repository and the folder that own the app, in full; None when a version
            applied that did not record it.
        rolled_back_from: the commit that was checked out when an earlier one was applied on
            purpose; None when it was no rollback.
    """

    generation: str
    commit: str | None
    dirty: bool
    by: str
    at: str
    previous: str | None
    author: str | None = None
    link: str | None = None
    number: int = 0
    protected: tuple[str, ...] | None = None
    identity: str | None = None
    rolled_back_from: str | None = None

    def encode(self) -> bytes:
        """The pointer's file."""
        body = {item.name: getattr(self, item.name) for item in fields(self)}
        return json_line({"format": FORMAT, **body})


def decode_pointer(content: bytes) -> Pointer:
    """Read the pointer.

    Raises:
        NewerFormatError: a newer version wrote it.
        FormatError: it is not a pointer.
    """
    with reading("a pointer", POINTER_PATH, REPAIR):
        data = json.loads(content)
        check_format(data, POINTER_PATH)
        return pointer_of(data)


def pointer_of(data: Mapping[str, Any]) -> Pointer:
    """The pointer of these fields; fields that are not known are passed over.

    Raises:
        KeyError, TypeError, ValueError: it is no pointer.
    """
    generation = typed(data, "generation", str)
    if not _DIGEST.fullmatch(generation):
        raise ValueError("generation is not a digest")
    protected = typed(data, "protected", list, None)
    return Pointer(
        generation=generation,
        commit=typed(data, "commit", str, None),
        dirty=typed(data, "dirty", bool),
        by=typed(data, "by", str),
        at=typed(data, "at", str),
        previous=typed(data, "previous", str, None),
        author=typed(data, "author", str, None),
        link=typed(data, "link", str, None),
        number=typed(data, "number", int, 0),
        protected=None if protected is None else tuple(map(str, protected)),
        identity=typed(data, "identity", str, None),
        rolled_back_from=typed(data, "rolled_back_from", str, None),
    )
