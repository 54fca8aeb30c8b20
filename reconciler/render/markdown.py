"""What strangers wrote, so that Markdown shows it as it is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from reconciler.foreign_text import printable

SHOWN: Final = 300
"""Characters of one value that are shown."""

_SPECIAL: Final = re.compile(r"([\\`*_\[\]<>|~#&])")
_MENTION: Final = re.compile(r"@(?=\w)")
_WORD_JOINER: Final = "\u2060"


def code(text: str, *, table: bool = False) -> str:
    """A code span. In a table, a bar must be escaped even there."""
    shown = _shortened(printable(text), SHOWN)
    if table:
        shown = shown.replace("|", "\\|")
    longest = max(map(len, re.findall("`+", shown)), default=0)
    fence = "`" * (longest + 1)
    space = " " if longest else ""
    return f"{fence}{space}{shown}{space}{fence}" if shown else ""


def code_fence(lines: Iterable[str]) -> str:
    """The line that opens and closes a block in which these lines are shown as they are."""
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    return "`" * max(3, longest + 1)


def prose(text: str, *, limit: int = SHOWN) -> str:
    """Plain text: no markup, no HTML, no mention of a person."""
    escaped = _SPECIAL.sub(r"\\\1", _shortened(printable(text), limit))
    return _MENTION.sub(f"@{_WORD_JOINER}", escaped)


def _shortened(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
