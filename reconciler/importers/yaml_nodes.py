"""YAML documents with the lines at which their parts stand."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from reconciler.errors import ReconcileError


def documents(text: str) -> Iterator[yaml.Node]:
    """The documents of a file.

    Raises:
        ReconcileError: it is not YAML.
    """
    try:
        for node in yaml.compose_all(text, Loader=yaml.SafeLoader):
            if node is not None:
                yield node
    except yaml.YAMLError as error:
        raise ReconcileError(f"is not YAML: {_told(error)}") from error
    except RecursionError as error:
        raise ReconcileError("is nested too deeply") from error


def _told(error: yaml.YAMLError) -> str:
    """In one line, without the excerpt that YAML's own text draws."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"line {error.problem_mark.line + 1}: {error.problem}"
    return " ".join(str(error).split())


def at(node: yaml.Node | None, *path: str) -> yaml.Node | None:
    """The node at a path of keys, None when there is none."""
    for key in path:
        if not isinstance(node, yaml.MappingNode):
            return None
        node = next((value for name, value in node.value if name.value == key), None)
    return node


def text_at(node: yaml.Node | None, *path: str) -> str | None:
    """The scalar at a path as it is written, None when there is none."""
    found = at(node, *path)
    return str(found.value) if isinstance(found, yaml.ScalarNode) else None


def items(node: yaml.Node | None) -> list[yaml.Node]:
    """The entries of a list, none when it is no list."""
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def line_of(node: yaml.Node) -> int:
    """From 1."""
    return int(node.start_mark.line) + 1
