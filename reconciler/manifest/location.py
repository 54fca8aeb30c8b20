"""Where in what people wrote: the position that every message carries."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A position in a file, as editors and CI annotations count it.

    Args:
        file: path with forward slashes, relative to the repository, as the reader would type it.
        line: from 1; 0 when the file as a whole is meant.
        column: from 1, in characters; 0 when the file as a whole is meant.
    """

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file
