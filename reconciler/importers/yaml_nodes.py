"""YAML documents with the lines of their parts; aliases and merge keys are resolved."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from reconciler.errors import ReconcileError
from reconciler.manifest.syntax import with_characters

_MERGE = "tag:yaml.org,2002:merge"
_NULL = "tag:yaml.org,2002:null"


def documents(text: str) -> Iterator[yaml.Node]:
    """The documents of a file.

    Raises:
        ReconcileError: it is not YAML.
    """
    try:
        for node in yaml.compose_all(with_characters(text), Loader=yaml.SafeLoader):
            if not is_null(node):
                yield node
    except yaml.YAMLError as error:
        raise ReconcileError(f"is not YAML: {_reason(error)}") from error
    except RecursionError as error:
        raise ReconcileError("is nested too deeply") from error


def _reason(error: yaml.YAMLError) -> str:
    """In one line, without the excerpt that YAML's own text draws."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"line {error.problem_mark.line + 1}: {error.problem}"
    return " ".join(str(error).split())


def fields(node: yaml.Node | None) -> dict[str, yaml.Node]:
    """Key to value of a mapping, with the keys that it merges; a null counts as absent."""
    found = _fields(node, {}) if isinstance(node, yaml.MappingNode) else {}
    return {key: value for key, value in found.items() if not is_null(value)}


def _fields(node: yaml.MappingNode, known: dict[int, dict[str, yaml.Node]]) -> dict[str, yaml.Node]:
    if id(node) in known:  # read already, or merged into itself
        return known[id(node)]
    known[id(node)] = {}
    own: dict[str, yaml.Node] = {}
    merged: dict[str, yaml.Node] = {}
    for key, value in node.value:
        if key.tag == _MERGE:
            for source in items(value) or [value]:
                if isinstance(source, yaml.MappingNode):
                    merged = _fields(source, known) | merged
        elif isinstance(key, yaml.ScalarNode):
            own[key.value] = value
    known[id(node)] = merged | own
    return known[id(node)]


def at(node: yaml.Node | None, *path: str) -> yaml.Node | None:
    """The node at a path of keys, None when there is none or it is null."""
    for key in path:
        node = fields(node).get(key)
    return node


def text_at(node: yaml.Node | None, *path: str) -> str | None:
    """The scalar at a path as the file has it, None when there is none or it is null."""
    found = at(node, *path)
    return str(found.value) if isinstance(found, yaml.ScalarNode) else None


def items(node: yaml.Node | None) -> list[yaml.Node]:
    """The entries of a list, none when it is not a list."""
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def is_null(node: yaml.Node) -> bool:
    """Whether a node says `null`, `~` or nothing."""
    return isinstance(node, yaml.ScalarNode) and node.tag == _NULL


def line_of(node: yaml.Node) -> int:
    """From 1."""
    return int(node.start_mark.line) + 1
