"""Lines that fit a terminal: whole words, and an indentation that shows what belongs together."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from typing import Final

from reconciler.streams import without_colour

_WORD: Final = re.compile(r"\s*\S+")
_HANGING: Final = "    "


def wrap_lines(text: str, width: int) -> str:
    """The text with each line that is too long continued in the next, further indented.

    Spaces within a line stay as they are; a word that is longer than a line stays whole.

    Args:
        width: characters of a line.
    """
    return "\n".join(part for line in text.split("\n") for part in _wrapped(line, width))


def wrapped(text: str, width: int) -> list[str]:
    """A text without colours in lines of whole words; empty for an empty text."""
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)


def visible(text: str) -> int:
    """The characters of a text that a terminal shows."""
    return len(without_colour(text))


def _wrapped(line: str, width: int) -> Iterator[str]:
    if visible(line) <= width:
        yield line
        return
    plain = without_colour(line)
    indent = " " * (len(plain) - len(plain.lstrip(" "))) + _HANGING
    begun = ""
    for word in _WORD.findall(line):
        if begun.strip() and visible(begun + word) > width:
            yield begun
            begun = indent + word.lstrip()
        else:
            begun += word
    yield begun
