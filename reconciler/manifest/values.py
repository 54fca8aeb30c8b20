"""Converts YAML nodes to plain values that JSON can represent and all YAML parsers agree on."""

from __future__ import annotations

import re

import yaml

from reconciler.manifest.composer import PLAIN, QUOTED
from reconciler.manifest.location import Location
from reconciler.manifest.problem import Problem
from reconciler.manifest.scalar import ScalarError, resolve
from reconciler.manifest.schedule import JSON
from reconciler.manifest.size_limits import MAX_DEPTH, MAX_REPEATED_VALUES

_SURROGATE = re.compile("[\ud800-\udfff]")


class TooManyAliasesError(Exception):
    """Aliases repeat more values than allowed; the rest of the file is not read."""

    def __init__(self, problem: Problem) -> None:
        super().__init__()
        self.problem = problem


class Converter:
    """Converts the documents of one file, and collects their problems.

    Args:
        aliases: whether the file may contain aliases; if not, values are not counted.
    """

    def __init__(self, file: str, *, aliases: bool) -> None:
        self._file = file
        self._aliases = aliases
        self._seen: set[int] = set()
        self._nodes: list[yaml.Node] = []
        self._repeated = 0
        self._problems: list[Problem] = []

    def take_problems(self) -> tuple[Problem, ...]:
        """The problems found since the last call."""
        found = tuple(self._problems)
        self._problems.clear()
        return found

    def convert(self, node: yaml.Node, depth: int = 1) -> JSON:
        """The value of a node.

        Raises:
            TooManyAliasesError: aliases repeat too many values, or an alias contains itself.
        """
        if self._aliases:
            self._count(node, depth)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if node.tag != QUOTED:
            self._refuse_tag(node)
        if isinstance(node, yaml.SequenceNode):
            return [self.convert(item, depth + 1) for item in node.value]
        return self._mapping(node, depth)

    def _mapping(self, node: yaml.Node, depth: int) -> dict[str, JSON]:
        values: dict[str, JSON] = {}
        nodes: dict[str, yaml.Node] = {}
        for key_node, value_node in node.value:
            key = key_text(key_node)
            value = self.convert(value_node, depth + 1)
            if key is None:
                self._note(key_node, "a key must be text", 'put it in quotes, e.g. "1"')
            elif key == "<<" and key_node.tag == PLAIN:
                self._note(key_node, "merge keys (`<<`) are not supported", "write the keys out")
            elif key in values:
                self._note(
                    key_node,
                    f"duplicate key `{key}`, first on line {nodes[key].start_mark.line + 1}",
                    "keep one of them",
                )
            else:
                values[key] = value
                nodes[key] = key_node
        return values

    def _scalar(self, node: yaml.ScalarNode) -> JSON:
        text: str = node.value
        if not text.isascii() and _SURROGATE.search(text):
            self._note(
                node, "half of a surrogate pair is not a character", "write the character itself"
            )
            return ""
        if node.tag == PLAIN:
            try:
                return resolve(text)
            except ScalarError as error:
                self._note(node, error.message, error.remedy)
        elif node.tag != QUOTED:
            self._refuse_tag(node)
        return text

    def _count(self, node: yaml.Node, depth: int) -> None:
        if depth > MAX_DEPTH + 1:
            raise self._too_many(node, "an alias contains itself")
        if id(node) not in self._seen:
            self._seen.add(id(node))
            self._nodes.append(node)  # kept alive, because ids of freed nodes are reused
            return
        self._repeated += 1
        if self._repeated > MAX_REPEATED_VALUES:
            raise self._too_many(node, f"aliases repeat more than {MAX_REPEATED_VALUES:,} values")

    def _too_many(self, node: yaml.Node, message: str) -> TooManyAliasesError:
        return TooManyAliasesError(Problem(message, self._at(node), "write the values out"))

    def _refuse_tag(self, node: yaml.Node) -> None:
        tag = str(node.tag).replace("tag:yaml.org,2002:", "!!", 1)
        self._note(
            node,
            f"the YAML tag `{tag[:40]}` is not supported",
            "remove the tag, or quote the value if it is text",
        )

    def _note(self, node: yaml.Node, message: str, remedy: str) -> None:
        self._problems.append(Problem(message, self._at(node), remedy))

    def _at(self, node: yaml.Node) -> Location:
        return Location(self._file, node.start_mark.line + 1, node.start_mark.column + 1)


def key_text(node: yaml.Node) -> str | None:
    """The text of a key; None if the key is not text."""
    if not isinstance(node, yaml.ScalarNode):
        return None
    text: str = node.value
    if node.tag == QUOTED:
        return text
    if node.tag != PLAIN:
        return None
    try:
        value = resolve(text)
    except ScalarError:
        return None
    return value if isinstance(value, str) else None
