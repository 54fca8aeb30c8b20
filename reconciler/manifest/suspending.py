"""Adds, replaces or removes the key `suspend` of one manifest in its file; all else stays."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

import yaml

from reconciler.errors import ReconcileError
from reconciler.manifest.document import Document
from reconciler.manifest.files import PYTHON
from reconciler.manifest.formatting import ORDER, needs_no_quotes
from reconciler.manifest.layout import Text, entries_of
from reconciler.manifest.schedule import JSON

_KEY: Final = "suspend"


class NotEditableError(ReconcileError):
    """The text of a manifest is laid out in a way in which the key cannot be changed safely."""


def suspension(until: str | None, reason: str | None) -> JSON:
    """The value of `suspend` with this end and this reason."""
    found: dict[str, JSON] = {}
    if until is not None:
        found["until"] = until
    if reason is not None:
        found["reason"] = reason
    return found or True


def with_suspension(content: bytes, file: str, name: str, value: JSON) -> bytes:
    """The file with that value of `suspend` in the manifest of that name.

    Args:
        value: see :func:`suspension`; None removes the key.

    Raises:
        ManifestError: the file is not the YAML that manifests may use.
        NotEditableError: it has to be edited by hand.
    """
    if file.lower().endswith(PYTHON):
        argument = None if value is None else f"{_KEY}={value!r}"
        remedy = f"Add `{argument}` to" if argument else f"Remove `{_KEY}=` from"
        raise NotEditableError(
            f"`{name}` is declared by a decorator in Python, which this command does not edit",
            where=file,
            remedy=f"{remedy} its `@reconciler.schedule(…)` by hand.",
        )
    found = Text.read(content, file)
    (document,) = (one for one in found.documents if _name(one.value) == name)
    if _changed(document.value, value) == document.value:
        return content
    wanted = [
        _changed(one.value, value) if one is document else one.value for one in found.documents
    ]
    if found.has_positions:
        after = found.with_text(_edited(found, document, value))
        if after is not None and [one.value for one in after.documents] == wanted:
            return after.content
    by_hand = f"Write `{_line(value)}` there" if value is not None else f"Remove `{_KEY}` there"
    raise NotEditableError(
        f"`{_KEY}` of `{name}` cannot be edited in this layout",
        where=str(document.location),
        remedy=f"{by_hand} by hand.",
    )


def _name(value: JSON) -> object:
    return value.get("name") if isinstance(value, dict) else None


def _changed(value: JSON, suspend: JSON) -> JSON:
    assert isinstance(value, dict)
    kept = {key: item for key, item in value.items() if key != _KEY}
    return kept if suspend is None else kept | {_KEY: suspend}


def _line(value: JSON) -> str:
    return f"{_KEY}: {_text(value)}"


def _text(value: JSON) -> str:
    if not isinstance(value, dict):
        return json.dumps(value)
    parts = []
    for key, item in value.items():
        text = str(item)
        is_plain = key != "reason" or needs_no_quotes(text)
        parts.append(f"{key}: {text if is_plain else json.dumps(text, ensure_ascii=False)}")
    return f"{{{', '.join(parts)}}}"


def _edited(found: Text, document: Document, value: JSON) -> str:
    root = document.node
    assert isinstance(root, yaml.MappingNode)
    present = next((pair for pair in root.value if pair[0].value == _KEY), None)
    if root.flow_style:
        return _edited_flow(found.text, root, present, value)
    lines = found.lines
    entries = entries_of(root, lines)
    if entries is None:
        return found.text
    for entry in entries:
        if entry.key != _KEY:
            continue
        comments = list(_comments(present, lines[entry.first : entry.end]))
        line = [] if value is None else [_line(value) + found.line_end]
        if value is not None and len(comments) == 1 and entry.end == entry.first + 1:
            line, comments = [f"{_line(value)}  {comments[0].lstrip()}"], []
        lines[entry.first : entry.end] = [*comments, *line]
        return "".join(lines)
    place = max(
        (entry.end for entry in entries if ORDER.get(entry.key, len(ORDER)) < ORDER[_KEY]),
        default=entries[0].first,
    )
    lines.insert(place, _line(value) + found.line_end)
    return "".join(lines)


def _comments(pair: tuple[yaml.Node, yaml.Node] | None, lines: list[str]) -> Iterator[str]:
    """The comments of the lines that go: as lines, without their indentation."""
    assert pair is not None
    scalars = [pair[0], *_scalars(pair[1])]
    for number, line in enumerate(lines, start=pair[0].start_mark.line):
        ends = (one.end_mark.column for one in scalars if one.end_mark.line == number)
        start = max(ends, default=0)
        at = line.find("#", start)
        if at >= 0 and not line[start:at].strip(" \t:{}[],"):
            yield line[at:]


def _scalars(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.CollectionNode):
        for item in node.value:
            for one in item if isinstance(item, tuple) else (item,):
                yield from _scalars(one)
    else:
        yield node


def _edited_flow(
    text: str,
    root: yaml.MappingNode,
    present: tuple[yaml.Node, yaml.Node] | None,
    value: JSON,
) -> str:
    """The text of a mapping in braces, such as JSON, in which quotes are as for its names."""
    name = next(one for one in root.value if one[0].value == "name")
    quoted = text[name[0].start_mark.index] == '"'
    written = json.dumps(value, ensure_ascii=False) if quoted else _text(value)
    if present is None:
        key = f'"{_KEY}"' if quoted else _KEY
        at = name[1].end_mark.index
        return f"{text[:at]}, {key}: {written}{text[at:]}"
    key_node, value_node = present
    if value is not None:
        return text[: value_node.start_mark.index] + written + text[value_node.end_mark.index :]
    before = text[: key_node.start_mark.index].rstrip()
    after = text[value_node.end_mark.index :]
    if before.endswith(","):
        return before[:-1] + after
    return before + after.lstrip().removeprefix(",")
