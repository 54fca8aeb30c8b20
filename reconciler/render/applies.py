"""The history of applies as a person reads it in a terminal, and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reconciler.foreign_text import as_lines, on_one_line
from reconciler.model.applied import Applied
from reconciler.render.json_format import OUTPUT_FORMAT
from reconciler.render.style import Style


def applies_json(applies: Sequence[Applied]) -> dict[str, Any]:
    """The applies as JSON."""
    return {"format": OUTPUT_FORMAT, "applies": [_json(applied) for applied in applies]}


def applies_text(applies: Sequence[Applied], style: Style) -> str:
    """Two lines for each apply, newest first."""
    if not applies:
        return "Nothing was applied yet."
    lines = []
    for applied in applies:
        pointer = applied.pointer
        commit = "without a commit" if pointer.commit is None else f"commit {pointer.commit[:12]}"
        author = f" by {on_one_line(pointer.author)}" if pointer.author else ""
        dirty = ", with uncommitted changes" if pointer.dirty and pointer.commit else ""
        lines.append(f"{pointer.at}  {commit}{author}{dirty}  {applied.summary}")
        link = f"  {pointer.link}" if pointer.link else ""
        lines.append(style.dim(f"    applied by {pointer.by}{link}"))
    return as_lines(lines)


def _json(applied: Applied) -> dict[str, object]:
    pointer = applied.pointer
    return {
        "at": pointer.at,
        "by": pointer.by,
        "link": pointer.link,
        "commit": pointer.commit,
        "dirty": pointer.dirty,
        "author": pointer.author,
        "generation": pointer.generation,
        "previous": pointer.previous,
        "summary": applied.summary,
    }
