"""A YAML document: its plain value, and the positions of its parts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import yaml

from reconciler.manifest.composer import PLAIN, TooDeepError, compose
from reconciler.manifest.fault import Fault, Path
from reconciler.manifest.location import Location
from reconciler.manifest.problem import Problem
from reconciler.manifest.schedule import JSON
from reconciler.manifest.syntax import decode, explain, with_characters
from reconciler.manifest.values import Converter, TooManyAliasesError, key_text


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML document, which may or may not be a valid manifest.

    Args:
        value: its value, limited to what JSON can represent.
        problems: the problems of the YAML itself, such as duplicate keys.
    """

    file: str
    value: JSON
    problems: tuple[Problem, ...]
    node: yaml.Node

    @property
    def location(self) -> Location:
        """The position of its first key."""
        return _location(self.node, self.file)

    def locate(self, fault: Fault) -> Problem:
        """A fault with its position: the deepest part of its path that exists in the document."""
        at = self._position(fault.path, at_key=fault.at_key, offset=fault.offset)
        return Problem(fault.message, at, fault.remedy)

    def locate_all(self, faults: Iterable[Fault]) -> list[Problem]:
        """Faults with their positions, except where the YAML itself has a problem.

        A scalar that YAML parsers read differently has no value that could be checked.
        """
        known = {problem.location for problem in self.problems}
        located = (self.locate(fault) for fault in faults)
        return [problem for problem in located if problem.location not in known]

    def position(self, *path: str | int) -> Location:
        """The position of the value at a path."""
        return self._position(path)

    def key_position(self, *path: str | int) -> Location:
        """The position of the last key of a path."""
        return self._position(path, at_key=True)

    def _position(self, path: Path, *, at_key: bool = False, offset: int | None = None) -> Location:
        node = self.node
        for depth, step in enumerate(path):
            key, value = _child(node, step)
            if value is None:
                break
            if at_key and key is not None and depth == len(path) - 1:
                return _location(key, self.file)
            node = value
        else:
            return _location(node, self.file, offset)
        return _location(node, self.file)


def documents(
    content: bytes, file: str, *, pure_python: bool = False
) -> Iterator[Document | Problem]:
    """The documents of a file, then the problem that stopped the parser, if there is one."""
    text = decode(content, file)
    if isinstance(text, Problem):
        yield text
        return
    text = with_characters(text)
    converter = Converter(file, aliases="&" in text)
    try:
        for node in compose(text, pure_python=pure_python):
            if _is_empty(node):
                continue
            value = converter.convert(node)
            yield Document(file, value, converter.take_problems(), node)
    except (yaml.YAMLError, TooDeepError) as error:
        yield explain(error, text, file)
    except TooManyAliasesError as error:
        yield error.problem


def _is_empty(node: yaml.Node) -> bool:
    """Whether a document contains only comments, as after a final `---`."""
    return isinstance(node, yaml.ScalarNode) and node.tag == PLAIN and not node.value


def _child(node: yaml.Node, step: str | int) -> tuple[yaml.Node | None, yaml.Node | None]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key_text(key) == step:
                return key, value
    elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return None, node.value[step]
    return None, None


def _location(node: yaml.Node, file: str, offset: int | None = None) -> Location:
    start = node.start_mark
    return Location(file, start.line + 1, start.column + 1 + _shift(node, offset))


def _shift(node: yaml.Node, offset: int | None) -> int:
    """Columns from the beginning of a scalar to one of its characters.

    Zero where text and source differ (escapes, folded lines): messages then show the beginning.
    """
    if offset is None or not isinstance(node, yaml.ScalarNode):
        return 0
    quotes = 1 if node.style in ("'", '"') else 0
    width = node.end_mark.column - node.start_mark.column
    one_line = node.start_mark.line == node.end_mark.line
    return offset + quotes if one_line and width == len(node.value) + 2 * quotes else 0
