"""The arguments in Python code that give a Modal function its schedule. The code is never run.

Read are the forms of Modal's documentation: the decorator ``@app.function(schedule=…)``, the call
``app.function(schedule=…)(function)``, and ``app = modal.App("name")`` in the same file. Arguments
that are passed by ``**`` are not found.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

_APPS: Final = frozenset({"App", "Stub"})
"""The constructors of an app; old code calls it by the second name."""


@dataclass(frozen=True, slots=True)
class ScheduleArgument:
    """A ``schedule=…`` in Python code.

    Attributes:
        file: as the caller names it.
        line: its first line, from 1.
        text: its source on one line.
        app: the app's name; None when the file does not say it.
        function: the function's name on Modal.
    """

    file: str
    line: int
    text: str
    app: str | None
    function: str


def schedule_arguments(code: str, file: str) -> Iterator[ScheduleArgument]:
    """Every such argument, in no particular order.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: the code cannot be parsed as Python.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of foreign code, on our standard error
        tree = ast.parse(code, file)
    texts = _texts(tree)
    apps = _apps(tree, texts)
    for node in ast.walk(tree):
        for given, function in _functions(node):
            argument = _keyword(given, "schedule")
            if argument is None or _is_none(argument.value):
                continue
            assert isinstance(given.func, ast.Attribute)
            receiver = given.func.value
            yield ScheduleArgument(
                file=file,
                line=argument.lineno,
                text=" ".join((ast.get_source_segment(code, argument) or "schedule=…").split()),
                app=apps.get(receiver.id) if isinstance(receiver, ast.Name) else None,
                function=_text(given, "name", texts) or function,
            )


def _functions(node: ast.AST) -> Iterator[tuple[ast.Call, str]]:
    """Each call of ``.function(…)`` that is applied to a function, with that function's name."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            for decorator in node.decorator_list:
                match decorator:
                    case ast.Call(func=ast.Attribute(attr="function")):
                        yield decorator, node.name
        case ast.Call(
            func=ast.Call(func=ast.Attribute(attr="function")) as given, args=[ast.Name() as name]
        ):
            yield given, name.id


def _apps(tree: ast.Module, texts: Mapping[str, str]) -> dict[str, str]:
    """Variable to the name of the app that it holds, where the file says both."""
    found = {}
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name() as variable], value=ast.Call() as call):
                called = call.func
                name = called.attr if isinstance(called, ast.Attribute) else None
                name = called.id if isinstance(called, ast.Name) else name
                app = _value(call.args[0], texts) if call.args else _text(call, "name", texts)
                if name in _APPS and app is not None:
                    found[variable.id] = app
    return found


def _texts(tree: ast.Module) -> dict[str, str]:
    """The module's variables that hold a text."""
    found = {}
    for node in tree.body:
        match node:
            case ast.Assign(
                targets=[ast.Name() as variable], value=ast.Constant(value=str() as text)
            ):
                found[variable.id] = text
    return found


def _text(call: ast.Call, key: str, texts: Mapping[str, str]) -> str | None:
    argument = _keyword(call, key)
    return None if argument is None else _value(argument.value, texts)


def _value(node: ast.expr, texts: Mapping[str, str]) -> str | None:
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.Name():
            return texts.get(node.id)
    return None


def _keyword(call: ast.Call, key: str) -> ast.keyword | None:
    return next((argument for argument in call.keywords if argument.arg == key), None)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
