"""The contracts of import-linter see every import of ours, since each is a statement."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import reconciler

PACKAGE = Path(reconciler.__file__).parent
LATE_EXPORTS = {
    "cli/main.py": "one command of many, each a module of this folder",
    "plan/__init__.py": "names of this folder that a wake does not need",
}
"""Modules that import others of their own folder by a name that is computed."""


def imports_by_name(tree: ast.AST) -> Iterator[ast.expr]:
    """The arguments of calls that import a module of our package, as far as they begin so."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args:
            called = node.func.attr if isinstance(node.func, ast.Attribute) else node.func
            name = called.id if isinstance(called, ast.Name) else called
            if name in ("import_module", "__import__"):
                yield node.args[0]


def names_ours(argument: ast.expr) -> bool:
    """Whether it is, or begins with, the name of a module of ours or of the importing one."""
    return ast.unparse(argument).lstrip("f'\"{").startswith(("reconciler", "__name__"))


def test_no_module_is_imported_by_its_name_in_a_text() -> None:
    found = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        for argument in imports_by_name(ast.parse(path.read_text()))
        if names_ours(argument)
    }
    assert found == set(LATE_EXPORTS)


def test_an_import_by_name_is_recognised() -> None:
    texts = ("import_module('reconciler.web')", "importlib.import_module(f'{__name__}.x')")
    arguments = [argument for text in texts for argument in imports_by_name(ast.parse(text))]
    assert [names_ours(argument) for argument in arguments] == [True, True]
    assert not any(map(names_ours, imports_by_name(ast.parse("import_module('modal')"))))
