"""The canonical form of a manifest file: the order of its keys, and its quotes.

* Top-level keys stand in the order of the key reference, each with the comments above it.
* A text that every YAML parser reads as the same text without quotes has none; any other quoted
  text is in double quotes, unless it would need escapes. Cron expressions are quoted.
* The file ends in one line end.

What is a single flow collection, such as JSON, is left alone. Line ends, indentation, blank lines
and comments stay as they are. The meaning never changes: a step after which the documents would
read differently is not taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from typing import Final

import yaml

from reconciler.manifest.composer import PLAIN
from reconciler.manifest.layout import Text, entries_of
from reconciler.manifest.manifest_form import ManifestForm

ORDER: Final = {key: place for place, key in enumerate(ManifestForm.model_fields)}
_SAFE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*|[1-9][0-9]*[smhdw]")
"""Texts that no YAML parser takes for anything else, but for :data:`_WORDS`."""
_WORDS: Final = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_TIMES: Final = frozenset({"schedule", "exclude"})
"""Keys whose values may be cron expressions."""


def formatted(content: bytes, file: str) -> bytes:
    """The canonical form of a file.

    Raises:
        ManifestError: it is not the YAML that manifests may use.
    """
    found = Text.read(content, file)
    if not found.has_positions:
        return content
    values = [one.value for one in found.documents]
    for step in (_requoted, _reordered, _ended):
        after = found.with_text(step(found))
        if after is not None and [one.value for one in after.documents] == values:
            found = after
    return found.content


def needs_no_quotes(text: str) -> bool:
    """Whether every YAML parser reads an unquoted text as that text, also in braces."""
    return bool(_SAFE.fullmatch(text)) and text.lower() not in _WORDS


def _requoted(found: Text) -> str:
    edits = sorted(
        edit
        for document in found.documents
        if not getattr(document.node, "flow_style", True)
        for edit in _quotes(document.node, found.text)
    )
    parts, done = [], 0
    for start, end, text in edits:
        if start >= done:  # an alias names the same scalar again
            parts += [found.text[done:start], text]
            done = end
    return "".join([*parts, found.text[done:]])


def _quotes(
    node: yaml.Node, text: str, key: str | None = None, *, is_key: bool = False
) -> Iterator[tuple[int, int, str]]:
    """Scalars to write in another way: where they begin and end, and the new text.

    Args:
        key: the top-level key whose value this is.
    """
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            yield from _quotes(name, text, key, is_key=True)
            yield from _quotes(value, text, key or name.value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _quotes(item, text, key)
    elif isinstance(node, yaml.ScalarNode):
        start, end = node.start_mark.index, node.end_mark.index
        written = _written(
            node.value, text[start:end], may_be_plain=not is_key or text[end:][:2] == ": "
        )
        if key in _TIMES and node.tag == PLAIN and " " in node.value and '"' not in node.value:
            written = f'"{node.value}"'
        if written is not None and written != text[start:end]:
            yield start, end, written


def _written(value: str, now: str, *, may_be_plain: bool) -> str | None:
    """The canonical form of a quoted text; None for any other."""
    if now[:1] not in ("'", '"') or len(now) < 2 or now[-1] != now[0] or "\n" in now:
        return None
    if may_be_plain and needs_no_quotes(value):
        return value
    if now[0] == "'" and value.isprintable() and not {'"', "\\"} & set(value):
        return f'"{value}"'
    return None


def _reordered(found: Text) -> str:
    lines = found.lines
    for document in reversed(found.documents):  # lines below are not looked at again
        entries = entries_of(document.node, lines)
        if entries is None or _has_alias(document.node):
            continue
        ordered = sorted(entries, key=lambda entry: ORDER.get(entry.key, len(ORDER)))
        if ordered == entries:
            continue
        blocks = [lines[entry.lead : entry.end] for entry in ordered]
        while blocks[0][0].isspace():  # it separated the key from one above it
            del blocks[0][0]
        lines[entries[0].lead : entries[-1].end] = chain.from_iterable(blocks)
    return "".join(lines)


def _has_alias(node: yaml.Node) -> bool:
    """Whether a value is used again, which must stay below the first."""
    seen: set[int] = set()
    left = [node]
    while left:
        one = left.pop()
        if id(one) in seen:
            return True
        seen.add(id(one))
        if isinstance(one, yaml.MappingNode):
            left += chain.from_iterable(one.value)
        elif isinstance(one, yaml.SequenceNode):
            left += one.value
    return False


def _ended(found: Text) -> str:
    return "".join(found.lines)
