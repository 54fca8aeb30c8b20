"""Finds unknown placeholders in `args`.

The placeholders are `${occurrence.id}`, `${occurrence.time}` and `${run.id}`; `$${` is a literal
`${`. The dispatcher fills them in when a run starts; this module only checks them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from reconciler.manifest.fault import Fault, Path
from reconciler.manifest.schedule import JSON
from reconciler.words import nearest_name

PLACEHOLDERS: Final = ("occurrence.id", "occurrence.time", "run.id")

_CANDIDATE = re.compile(r"\$\$\{|\$\{([^}]*)\}?")


def unknown_placeholders(value: JSON, path: Path) -> Iterator[Fault]:
    """Every `${…}` in the texts of a value that is not a known placeholder."""
    if isinstance(value, str):
        if "${" in value:
            yield from _in_text(value, path)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from unknown_placeholders(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from unknown_placeholders(inner, (*path, index))


def _in_text(text: str, path: Path) -> Iterator[Fault]:
    for found in _CANDIDATE.finditer(text):
        name = found[1]
        if name is None or (name in PLACEHOLDERS and found[0].endswith("}")):
            continue
        near = nearest_name(name, PLACEHOLDERS)
        known = "" if near is None else f"did you mean `${{{near}}}`? "
        yield Fault(
            path=path,
            message=f"unknown placeholder `{found[0][:40]}`",
            remedy=f"{known}write `$${{` for a literal `${{`",
            offset=found.start(),
        )
