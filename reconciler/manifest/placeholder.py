"""What texts in `args` may hold to be filled in for each occurrence.

`${occurrence.id}` and `${occurrence.time}`; `$${` stands for a literal `${`. They are filled in
when the occurrence starts, not here; here anything else that looks like one is found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from reconciler.manifest.fault import Fault, Path
from reconciler.manifest.schedule import JSON
from reconciler.words import nearest_name

PLACEHOLDERS: Final = ("occurrence.id", "occurrence.time")

_CANDIDATE = re.compile(r"\$\$\{|\$\{([^}]*)\}?")


def unknown_placeholders(value: JSON, path: Path) -> Iterator[Fault]:
    """Every `${…}` in the texts of a value that nothing fills in."""
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
            message=f"nothing fills in `{found[0][:40]}`",
            remedy=f"{known}write `$${{` for a literal `${{`",
            offset=found.start(),
        )
