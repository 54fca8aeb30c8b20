"""Colour on terminals, and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TextIO

from reconciler.streams import SafeStream, coloured


@dataclass(frozen=True, slots=True)
class Style:
    """Marks text up, or leaves it alone."""

    colour: bool

    @classmethod
    def of(cls, stream: TextIO) -> Style:
        """Colour where the stream shows it."""
        return cls(isinstance(stream, SafeStream) and stream.shows_colour())

    def green(self, text: str) -> str:
        """What is new or well."""
        return self._mark("32", text)

    def yellow(self, text: str) -> str:
        """What changes or needs attention."""
        return self._mark("33", text)

    def red(self, text: str) -> str:
        """What goes away or is wrong."""
        return self._mark("31", text)

    def bold(self, text: str) -> str:
        """A heading."""
        return self._mark("1", text)

    def dim(self, text: str) -> str:
        """What most readers pass over."""
        return self._mark("2", text)

    def _mark(self, code: str, text: str) -> str:
        return coloured(code, text) if self.colour else text
