"""Tables for terminals: aligned columns, of which the least important go where there is no room."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from reconciler.render.line_wrapping import visible, wrapped
from reconciler.render.style import Style

GAP: Final = "  "
WIDEST: Final = 200
"""Characters of a line where the output is no terminal."""
_TEXT: Final = 24
"""Characters that a column of text has at least; what is longer goes on in the next lines."""
_BELOW: Final = "    "


class Column(NamedTuple):
    """One column.

    Attributes:
        title: its heading.
        rank: of a table that is too wide, the column with the highest goes first; 0 stays.
        is_text: its texts go on in the next lines where they are too long. The last column alone.
    """

    title: str
    rank: int = 0
    is_text: bool = False


def table(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], style: Style, width: int = WIDEST
) -> Iterator[str]:
    """The heading and the rows. A column without a value in any row is left out.

    Args:
        rows: a text for each column, which may be coloured, except in a column of text.
        width: characters of a line.
    """
    shown = [place for place, _ in enumerate(columns) if any(row[place] for row in rows)]
    widest = [max([len(column.title), *(visible(row[place]) for row in rows)])
              for place, column in enumerate(columns)]  # fmt: skip

    def needed() -> int:
        least = [min(widest[p], _TEXT) if columns[p].is_text else widest[p] for p in shown]
        return sum(least) + len(GAP) * (len(shown) - 1)

    while needed() > width and (highest := max(columns[p].rank for p in shown)):
        shown = [p for p in shown if columns[p].rank != highest]
    widths = [widest[p] for p in shown]
    yield style.dim(_line([columns[p].title for p in shown], widths))
    for row in rows:
        cells = [row[p] for p in shown]
        if not shown or not columns[shown[-1]].is_text:
            yield _line(cells, widths)
            continue
        start = sum(widths[:-1]) + len(GAP) * (len(shown) - 1)
        if width - start < min(_TEXT, visible(cells[-1])):  # it goes below
            yield _line(cells[:-1], widths[:-1])
            yield from (_BELOW + line for line in wrapped(cells[-1], width - len(_BELOW)))
            continue
        lines = wrapped(cells[-1], width - start) or [""]
        yield _line([*cells[:-1], lines[0]], widths)
        yield from (" " * start + line for line in lines[1:])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    pairs = zip(cells, widths, strict=True)
    return GAP.join(cell + " " * (width - visible(cell)) for cell, width in pairs).rstrip()
