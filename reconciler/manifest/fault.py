"""A problem before its position is looked up: told by its path in the document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

Path: TypeAlias = tuple[str | int, ...]
"""Keys and list indices from the top of a document to a value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something wrong at a path.

    Positions are needed only when something is wrong, so checks work on plain values and name
    paths; the document turns a path into a line and column.

    Args:
        path: to the value that is wrong; the deepest part of it that exists is shown.
        message: as in `Problem`.
        remedy: as in `Problem`.
        offset: characters into the value's text at which it goes wrong, where that can be told.
        at_key: the key is wrong, not its value.
        lacks: the keys of which one would mend it.
    """

    path: Path
    message: str
    remedy: str | None = None
    offset: int | None = None
    at_key: bool = False
    lacks: tuple[str, ...] = ()
