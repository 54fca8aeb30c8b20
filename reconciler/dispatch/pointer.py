"""The pointer to the live generation: the only file that is ever replaced."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import Final

from reconciler.dispatch.formats import FORMAT, REPAIR, FormatError, check_format, json_line

POINTER_PATH: Final = "current.json"


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
    """

    generation: str
    commit: str | None
    dirty: bool
    by: str
    at: str
    previous: str | None
    author: str | None = None
    link: str | None = None

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
    try:
        data = json.loads(content)
        check_format(data, POINTER_PATH)
        known = {item.name for item in fields(Pointer)}
        return Pointer(**{name: value for name, value in data.items() if name in known})
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise FormatError(
            f"is not a pointer: {error}", where=POINTER_PATH, remedy=REPAIR
        ) from error
