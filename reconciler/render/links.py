"""Addresses of commits and of lines on the site where a repository is."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Links:
    """Where a repository can be looked at.

    Attributes:
        commits, files: addresses to which a commit's id is added; for a file, then its path.
    """

    commits: str
    files: str

    def commit(self, commit: str) -> str:
        """The address of a commit."""
        return f"{self.commits}{commit}"

    def line(self, commit: str, file: str, line: int | None) -> str:
        """The address of a line as a commit has it."""
        return f"{self.files}{commit}/{quote(file)}{f'#L{line}' if line else ''}"
