"""Which files of the repository a Python file imports, from its text: nothing is imported.

A name is looked for where the container will look: from the folder of `reconciler.yaml`, from the
file's own folder, and from `src`. What is found in none of them is taken for the standard library
or for a package of the image.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

SRC: Final = "src"
_PROVIDED: Final = frozenset({"reconciler", "modal", *sys.stdlib_module_names})
"""Packages that every container has."""


@dataclass(frozen=True, slots=True)
class Import:
    """A module that a file imports.

    Attributes:
        names: what is taken from it; empty for the module itself.
        level: how many dots stand before it.
        optional: a failure is caught, so that it may be absent.
    """

    module: str
    names: tuple[str, ...]
    level: int
    line: int
    column: int
    optional: bool


@dataclass(frozen=True, slots=True)
class MissingImport:
    """A module of the repository that is imported and is not there."""

    line: int
    column: int
    module: str


@dataclass(frozen=True)
class Found:
    """What the imports of one file lead to."""

    paths: tuple[str, ...] = ()
    missing: tuple[MissingImport, ...] = ()


def search_roots(path: str) -> tuple[str, ...]:
    """The folders from which a file's imports are found, in order; empty for the root."""
    folder = path.rpartition("/")[0]
    return tuple(dict.fromkeys(("", folder, SRC)))


def imports_of(tree: ast.Module) -> Iterator[Import]:
    """The imports of a module, wherever they stand, but for those that only type checkers read."""
    pending: list[tuple[ast.AST, bool]] = [(tree, False)]
    while pending:
        node, optional = pending.pop()
        match node:
            case ast.Import(names=aliases):
                for one in aliases:
                    yield Import(one.name, (), 0, node.lineno, node.col_offset + 1, optional)
            case ast.ImportFrom(module=module, names=aliases, level=level):
                names = tuple(one.name for one in aliases)
                column = node.col_offset + 1
                yield Import(module or "", names, level, node.lineno, column, optional)
            case ast.If(test=test) if _is_type_checking(test):
                pending += [(one, optional) for one in node.orelse]
            case ast.Try(body=body, handlers=handlers) if any(map(_catches_import, handlers)):
                pending += [(one, True) for one in body]
                rest = [*handlers, *node.orelse, *node.finalbody]
                pending += [(one, optional) for one in rest]
            case _:
                pending += [(one, optional) for one in ast.iter_child_nodes(node)]


@dataclass
class Tree:
    """The Python files of a repository, as import sees them.

    Args:
        paths: all paths of the repository.
    """

    paths: Iterable[str]
    _files: frozenset[str] = field(init=False)
    _folders: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        files = frozenset(path for path in self.paths if path.endswith(".py"))
        folders: set[str] = set()
        for path in files:
            folder = path.rpartition("/")[0]
            while folder and folder not in folders:
                folders.add(folder)
                folder = folder.rpartition("/")[0]
        self._files, self._folders = files, frozenset(folders)

    def found(
        self, path: str, entry: str, tree: ast.Module, inits: Mapping[str, ast.Module]
    ) -> Found:
        """What the imports of a file lead to.

        Args:
            path: of the file.
            entry: the file that is run, whose folder is searched.
            inits: the `__init__.py` of packages, parsed, by path.
        """
        paths: dict[str, None] = dict.fromkeys(self._above(path, entry))
        missing: list[MissingImport] = []
        for one in imports_of(tree):
            base = self._base(one, path, entry)
            if base is None:
                continue
            led = self._module(base, one.module) if one.module else self._package(base)
            if led is None:
                self._miss(one, one.module, missing)
                continue
            paths |= dict.fromkeys(led)
            for name in one.names:
                paths |= dict.fromkeys(self._named(base, one, name, inits, missing))
        return Found(tuple(one for one in paths if one != path), tuple(missing))

    def _base(self, one: Import, path: str, entry: str) -> str | None:
        """The folder that an import starts from; None if it is none of the repository's."""
        if one.level:
            parts = path.split("/")[:-1]
            kept = len(parts) - (one.level - 1)
            return "/".join(parts[:kept]) if kept >= 0 else None
        first = one.module.partition(".")[0]
        if first in _PROVIDED:
            return None
        for root in search_roots(entry):
            if self._is_there(_join(root, first)):
                return root
        return None

    def _is_there(self, place: str) -> bool:
        return f"{place}.py" in self._files or place in self._folders

    def _module(self, base: str, module: str) -> list[str] | None:
        """The files that importing a module runs; None if it is not there."""
        found: list[str] = []
        place = base
        for part in module.split("."):
            place = _join(place, part)
            if place in self._folders:
                found += self._package(place)
            elif f"{place}.py" in self._files:
                found.append(f"{place}.py")
            else:
                return None
        return found

    def _package(self, folder: str) -> list[str]:
        init = _join(folder, "__init__.py")
        return [init] if init in self._files else []

    def _named(
        self,
        base: str,
        one: Import,
        name: str,
        inits: Mapping[str, ast.Module],
        missing: list[MissingImport],
    ) -> list[str]:
        """The files that `from package import name` runs besides the package."""
        place = _join(base, one.module.replace(".", "/"))
        if place not in self._folders or name == "*":
            return []  # of a module, a name is one of its own
        found = self._module(place, name)
        if found is not None:
            return found
        init = inits.get(_join(place, "__init__.py"))
        if init is None or not _binds(init, name):
            self._miss(one, f"{one.module}.{name}".lstrip("."), missing)
        return []

    def _miss(self, one: Import, module: str, missing: list[MissingImport]) -> None:
        if not one.optional:
            missing.append(MissingImport(one.line, one.column, "." * one.level + module))

    def _above(self, path: str, entry: str) -> Iterator[str]:
        """The `__init__.py` of the packages that a file is in."""
        parts = path.split("/")[:-1]
        roots = search_roots(entry)
        for depth in range(len(parts), 0, -1):
            folder = "/".join(parts[:depth])
            if folder in roots and folder != entry.rpartition("/")[0]:
                return
            yield from self._package(folder)


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}".strip("/")


def _binds(module: ast.Module, name: str) -> bool:
    """Whether a module makes this name when it is imported, as far as that can be read."""
    for node in ast.walk(module):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                if node.name in (name, "__getattr__"):
                    return True
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                bound = {(one.asname or one.name).partition(".")[0] for one in aliases}
                if name in bound or "*" in bound:
                    return True
            case ast.Name(id=found, ctx=ast.Store()) if found == name:
                return True
    return False


def _is_type_checking(test: ast.expr) -> bool:
    match test:
        case ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING"):
            return True
    return False


def _catches_import(handler: ast.ExceptHandler) -> bool:
    """Whether a handler catches the failure of an import."""
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names = {one.id for one in caught if isinstance(one, ast.Name)}
    return handler.type is None or bool(
        names & {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}
    )
