"""Values in Python code, read from its syntax tree. The code is never run.

Understood are literals, the module's own constants, arithmetic of numbers, and calls of
`timedelta`, `datetime` and the constructors of time zones.
"""

from __future__ import annotations

import ast
import operator
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from reconciler.errors import ReconcileError

_ARITHMETIC: Final[Mapping[type[ast.operator], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_LARGEST: Final = 10**12
_ZONES: Final = frozenset({"ZoneInfo", "Timezone", "timezone", "gettz"})


class NotLiteralError(ValueError):
    """Only running the code would show the value."""


@dataclass(frozen=True, slots=True)
class TimeLiteral:
    """A time in the code; ``zone`` is an IANA name, None when the code names none."""

    local: datetime
    zone: str | None


@dataclass(frozen=True)
class Module:
    """A parsed module.

    Attributes:
        names: the top-level variables that are assigned once, and their values' syntax.
    """

    tree: ast.Module
    text: str
    names: Mapping[str, ast.expr]

    @classmethod
    def parse(cls, text: str) -> Module:
        """Parse a file.

        Raises:
            ReconcileError: it is not Python that can be parsed here.
        """
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about foreign code, on our standard error
                tree = ast.parse(text)
        except (SyntaxError, ValueError) as error:
            raise ReconcileError(f"is not Python that can be parsed here: {error}") from error
        except (RecursionError, MemoryError) as error:
            raise ReconcileError("is nested too deeply") from error
        _name_by_origin(tree)
        names: dict[str, ast.expr] = {}
        twice = set()
        for node in tree.body:
            match node:
                case (
                    ast.Assign(targets=[ast.Name(id=name)], value=value)
                    | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
                ):
                    twice |= {name} & names.keys()
                    names[name] = value
        return cls(tree, text, {name: value for name, value in names.items() if name not in twice})

    def source(self, node: ast.AST) -> str:
        """The code of a node on one line, shortened."""
        text = " ".join((ast.get_source_segment(self.text, node) or "").split())
        return text if len(text) <= 60 else f"{text[:59]}…"

    def value(self, node: ast.expr, depth: int = 50) -> Any:
        """The value of an expression.

        Raises:
            NotLiteralError: only running the code would show it.
        """
        if not depth:
            raise NotLiteralError("nested too deeply")
        match node:
            case ast.Constant():
                return node.value
            case ast.Name() if node.id in self.names:
                return self.value(self.names[node.id], depth - 1)
            case ast.List() | ast.Tuple() | ast.Set():
                return [self.value(item, depth - 1) for item in node.elts]
            case ast.Dict():
                keys = [self._fail(node) if key is None else key for key in node.keys]
                return {
                    self.value(key, depth - 1): self.value(value, depth - 1)
                    for key, value in zip(keys, node.values, strict=True)
                }
            case ast.UnaryOp(op=ast.USub()):
                return self._computed(operator.sub, 0, self.value(node.operand, depth - 1))
            case ast.BinOp() if type(node.op) in _ARITHMETIC:
                left, right = (self.value(part, depth - 1) for part in (node.left, node.right))
                return self._computed(_ARITHMETIC[type(node.op)], left, right)
            case ast.Call():
                return self._called(node, depth - 1)
        return self._fail(node)

    def _computed(self, operation: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
        for part in (left, right):
            if type(part) not in {int, float} or abs(part) > _LARGEST:
                raise NotLiteralError("not a number")
        try:
            return operation(left, right)
        except ArithmeticError as error:
            raise NotLiteralError(str(error)) from error

    def _called(self, node: ast.Call, depth: int) -> Any:
        name = called_name(node)
        if name not in {"timedelta", "duration", "datetime", *_ZONES}:
            return self._fail(node)
        keywords = {item.arg or "": self.value(item.value, depth) for item in node.keywords}
        positional = [self.value(item, depth) for item in node.args]
        try:
            if name in {"timedelta", "duration"}:
                return timedelta(*positional, **keywords)
            if name == "datetime":
                zone = keywords.pop("tz", keywords.pop("tzinfo", None))
                return TimeLiteral(datetime(*positional, **keywords), zone)  # noqa: DTZ001
        except (TypeError, ValueError, OverflowError) as error:
            raise NotLiteralError(str(error)) from error
        found = next((item for item in (*positional, *keywords.values())), None)
        return found if isinstance(found, str) else self._fail(node)

    def _fail(self, node: ast.AST) -> Any:
        raise NotLiteralError(f"`{self.source(node)}` is known only when the code runs")


def _name_by_origin(tree: ast.Module) -> None:
    """Rename what `from celery.schedules import crontab as every` renames back to `crontab`."""
    nodes = list(ast.walk(tree))
    stored = {
        node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    origins = {
        item.asname: item.name
        for node in nodes
        if isinstance(node, ast.ImportFrom)
        for item in node.names
        if item.asname and item.asname not in stored
    }
    for node in nodes:
        if isinstance(node, ast.Name):
            node.id = origins.get(node.id, node.id)


def called_name(node: ast.Call) -> str:
    """The last part of the name that is called, `datetime` of `pendulum.datetime(…)`."""
    return last_name(node.func)


def last_name(node: ast.expr) -> str:
    """`datetime` of `pendulum.datetime`; empty where the expression is not a name."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def keyword_values(node: ast.Call) -> dict[str, ast.expr]:
    """The keyword arguments of a call."""
    return {item.arg: item.value for item in node.keywords if item.arg is not None}
