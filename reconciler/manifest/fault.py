"""A problem at a path in a document, before its position is looked up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

Path: TypeAlias = tuple[str | int, ...]
"""Keys and list indices from the top of a document to a value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A problem at a path.

    Checks work on plain values and report paths; the document converts a path to a line and column,
    which are needed only for problems.

    Args:
        path: to the faulty value; the position is that of the deepest part that exists.
        message: as in `Problem`.
        remedy: as in `Problem`.
        offset: the faulty character of the value's text; None if unknown.
        at_key: the key is faulty, not its value.
        lacks: the missing keys, of which one is required.
    """

    path: Path
    message: str
    remedy: str | None = None
    offset: int | None = None
    at_key: bool = False
    lacks: tuple[str, ...] = ()
