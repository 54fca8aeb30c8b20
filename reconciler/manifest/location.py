"""Where in what people wrote: the position that every message carries."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.foreign_text import on_one_line


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
        file = on_one_line(self.file)
        return f"{file}:{self.line}:{self.column}" if self.line else file
