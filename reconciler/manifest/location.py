"""Positions in manifests and settings."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.foreign_text import on_one_line


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A position in a file, counted as editors and CI annotations do.

    Args:
        file: path relative to the repository, with forward slashes.
        line: from 1; 0 for the whole file.
        column: from 1, in characters; 0 for the whole file.
    """

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        file = on_one_line(self.file)
        return f"{file}:{self.line}:{self.column}" if self.line else file
