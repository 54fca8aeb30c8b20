"""Manifests that are written over their functions: `@reconciler.schedule("1h", cpu=1)`.

The file is read, never run, so the arguments are literals. Each decorator becomes the document that
a YAML manifest with the same keys would be, with the positions of the Python file. From there on
there is no difference.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NoReturn, TypeAlias

import yaml

from reconciler.manifest.composer import PLAIN, QUOTED
from reconciler.manifest.document import Document
from reconciler.manifest.location import Location
from reconciler.manifest.problem import Problem
from reconciler.manifest.schedule import JSON
from reconciler.manifest.size_limits import MAX_DEPTH, MAX_INTEGER

_PACKAGE: Final = "reconciler"
_DECORATOR: Final = "schedule"
_TARGETS: Final = frozenset({"function", "code"})
_Add: TypeAlias = Callable[[str, ast.AST, JSON, yaml.Node], None]


class _UnreadableError(Exception):
    """An argument whose value only a run of the file would show."""

    def __init__(self, problem: Problem) -> None:
        super().__init__()
        self.problem = problem


def python_documents(content: bytes, file: str, path: str) -> Iterator[Document | Problem]:
    """The schedules that a Python file declares; none is no problem: it may be a module of them.

    Args:
        file: as messages name it.
        path: relative to the folder of `reconciler.yaml`, as `code` names it.
    """
    try:
        tree = ast.parse(content)
    except SyntaxError as error:
        where = Location(file, error.lineno or 1, error.offset or 1)
        yield Problem(f"invalid syntax: {error.msg}", where, "correct it")
        return
    except (ValueError, RecursionError, MemoryError) as error:
        yield Problem(f"cannot be read as Python: {error}", Location(file, 1, 1), "correct it")
        return
    names = _Names.of(tree)
    if not names.any:
        return
    reader = _Reader(file, path, content.splitlines())
    top = {id(statement) for statement in tree.body}
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        for decorator in node.decorator_list:
            call = decorator if isinstance(decorator, ast.Call) else None
            if not names.is_schedule(decorator if call is None else call.func):
                continue
            if id(node) not in top or isinstance(node, ast.ClassDef):
                yield Problem(
                    f"`{node.name}` is not a function at the top level of the file",
                    reader.at(decorator),
                    "move the function there",
                )
            elif call is None:
                yield Problem(
                    "the decorator says no times",
                    reader.at(decorator),
                    'call it with them: @reconciler.schedule("1h")',
                )
            else:
                yield reader.document(call, node)


@dataclass(frozen=True, slots=True)
class _Names:
    """What a file calls our package and its decorator."""

    packages: frozenset[str]
    decorators: frozenset[str]

    @classmethod
    def of(cls, tree: ast.Module) -> _Names:
        packages, decorators = set(), set()
        for node in tree.body:
            if isinstance(node, ast.Import):
                packages |= {one.asname or one.name for one in node.names if one.name == _PACKAGE}
            elif isinstance(node, ast.ImportFrom) and node.module == _PACKAGE and not node.level:
                decorators |= {
                    one.asname or one.name for one in node.names if one.name == _DECORATOR
                }
        return cls(frozenset(packages), frozenset(decorators))

    @property
    def any(self) -> bool:
        """Whether it imports either."""
        return bool(self.packages or self.decorators)

    def is_schedule(self, expression: ast.expr) -> bool:
        """Whether an expression names the decorator."""
        match expression:
            case ast.Name(id=name):
                return name in self.decorators
            case ast.Attribute(value=ast.Name(id=package), attr=name):
                return package in self.packages and name == _DECORATOR
        return False


@dataclass
class _Reader:
    file: str
    path: str
    lines: list[bytes]
    _problems: list[Problem] = field(default_factory=list)

    def document(
        self, call: ast.Call, function: ast.FunctionDef | ast.AsyncFunctionDef
    ) -> Document | Problem:
        """The document of one decorator."""
        self._problems = []
        values: dict[str, JSON] = {}
        nodes: list[tuple[yaml.Node, yaml.Node]] = []

        def add(key: str, at: ast.AST, value: JSON, node: yaml.Node) -> None:
            values[key] = value
            nodes.append((self._scalar(at, key), node))

        try:
            if call.args:
                times = [self._value(argument) for argument in call.args]
                value, node = times[0]
                if len(times) > 1:
                    value = [one for one, _ in times]
                    node = self._sequence(call.args[0], [inner for _, inner in times])
                add("schedule", call.args[0], value, node)
            for keyword in call.keywords:
                self._add_keyword(keyword, values, add)
        except _UnreadableError as error:
            return error.problem
        if "name" not in values:
            name = function.name.strip("_").replace("_", "-").lower()
            add("name", function, name, self._scalar(function, name))
        target = f"{self.path}::{function.name}"
        add("code", function, target, self._scalar(function, target))
        mapping = yaml.MappingNode(QUOTED, nodes, self._mark(call), self._mark(call))
        return Document(self.file, values, tuple(self._problems), mapping)

    def _add_keyword(self, keyword: ast.keyword, values: Mapping[str, JSON], add: _Add) -> None:
        key = keyword.arg
        if key is None:
            self._refuse(keyword.value, "`**` hides what is declared", "write the keys out")
        if key in _TARGETS:
            message = f"`{key}` is the decorated function itself"
            self._problems.append(Problem(message, self.at(keyword), "remove it"))
            return
        if key in values:
            message = f"`{key}` is given twice"
            self._problems.append(Problem(message, self.at(keyword), "keep one of them"))
            return
        value, node = self._value(keyword.value)
        add(key, keyword, value, node)

    def _value(self, expression: ast.expr, depth: int = 1) -> tuple[JSON, yaml.Node]:
        """A literal as plain value, and as the node that has its position."""
        if depth > MAX_DEPTH:
            self._refuse(expression, f"nested deeper than {MAX_DEPTH} levels", "reduce the nesting")
        match expression:
            case ast.Constant(value=None | bool() | str() | int() | float() as value):
                return self._constant(expression, value)
            case ast.UnaryOp(
                op=ast.USub(), operand=ast.Constant(value=int() | float() as number)
            ) if not isinstance(number, bool):
                return self._constant(expression, -number)
            case ast.List(elts=items) | ast.Tuple(elts=items):
                found = [self._value(item, depth + 1) for item in items]
                node = self._sequence(expression, [inner for _, inner in found])
                return [value for value, _ in found], node
            case ast.Dict(keys=keys, values=inner):
                return self._mapping(expression, keys, inner, depth)
        return self._refuse(
            expression,
            "only literals are understood: the file is read, and not run",
            "write the value itself",
        )

    def _constant(self, at: ast.expr, value: float | str | bool | None) -> tuple[JSON, yaml.Node]:
        if isinstance(value, int) and abs(value) > MAX_INTEGER:
            self._refuse(at, "the number is too large", "numbers have at most 64 bits")
        if isinstance(value, str):
            try:
                value.encode()
            except UnicodeEncodeError:
                remedy = "write the character itself"
                self._refuse(at, "half of a surrogate pair is not a character", remedy)
            return value, self._scalar(at, value)
        return value, yaml.ScalarNode(PLAIN, str(value), self._mark(at), self._mark(at))

    def _mapping(
        self, at: ast.expr, keys: list[ast.expr | None], inner: list[ast.expr], depth: int
    ) -> tuple[JSON, yaml.Node]:
        values: dict[str, JSON] = {}
        nodes: list[tuple[yaml.Node, yaml.Node]] = []
        for key, item in zip(keys, inner, strict=True):
            if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
                self._refuse(key or item, "a key must be text", 'put it in quotes, e.g. "a"')
            value, node = self._value(item, depth + 1)
            if key.value in values:
                message = f"duplicate key `{key.value}`"
                self._problems.append(Problem(message, self.at(key), "keep one of them"))
                continue
            values[key.value] = value
            nodes.append((self._scalar(key, key.value), node))
        return values, yaml.MappingNode(QUOTED, nodes, self._mark(at), self._mark(at))

    def _sequence(self, at: ast.AST, nodes: list[yaml.Node]) -> yaml.Node:
        return yaml.SequenceNode(QUOTED, nodes, self._mark(at), self._mark(at))

    def _scalar(self, at: ast.AST, text: str) -> yaml.Node:
        return yaml.ScalarNode(QUOTED, text, self._mark(at), self._mark(at))

    def _mark(self, node: ast.AST) -> yaml.Mark:
        place = self.at(node)
        return yaml.Mark(self.file, 0, place.line - 1, place.column - 1, None, 0)

    def at(self, node: ast.AST) -> Location:
        """Where a node is; Python counts bytes, and editors characters."""
        line: int = getattr(node, "lineno", 1)
        offset: int = getattr(node, "col_offset", 0)
        before = self.lines[line - 1][:offset] if line <= len(self.lines) else b""
        return Location(self.file, line, len(before.decode("utf-8", "replace")) + 1)

    def _refuse(self, at: ast.AST, message: str, remedy: str) -> NoReturn:
        raise _UnreadableError(Problem(message, self.at(at), remedy))
