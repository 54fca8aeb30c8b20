"""Sections of a text that must not become longer than a limit; the first ones stay."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_NOTE = "\n_Some of this was left out; `reconcile --dry-run` shows all of it._"
_MORE = 80
"""Room for the line that counts what was left out of a section."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the text.

    Attributes:
        lines: its beginning, kept whole.
        rows: what may be cut from the end.
        end: its closing lines, kept whole.
        noun: what the rows are, for the line that counts those left out.
    """

    lines: tuple[str, ...]
    rows: tuple[str, ...] = ()
    end: tuple[str, ...] = ()
    noun: str = ""


def fitted(head: Iterable[str], sections: Sequence[Section], limit: int) -> str:
    """The text of at most ``limit`` characters.

    Rows go first, from the last sections; then whole sections, from the last. So the beginning of
    each is seen, however many rows the first ones have.
    """
    lines = list(head)
    room = limit - _length(lines) - len(_NOTE)
    kept: list[Section] = []
    for section in sections:
        fixed = _length(section.lines) + _length(section.end) + _MORE
        if fixed > room:
            break
        room -= fixed
        kept.append(section)
    cut = len(kept) < len(sections)
    for section in kept:
        lines += section.lines
        taken = 0
        for row in section.rows:
            if len(row) + 1 > room:
                break
            room -= len(row) + 1
            lines.append(row)
            taken += 1
        left = len(section.rows) - taken
        if left:
            cut = True
            lines.append(f"\nand {left:,} more {section.noun}")
        lines += section.end
        room += _MORE - (_MORE if left else 0)
    return "\n".join(lines) + (_NOTE if cut else "")


def _length(lines: Iterable[str]) -> int:
    return sum(len(line) + 1 for line in lines)
