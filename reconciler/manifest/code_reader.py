"""Reads the files that a code target is made of, and says why one cannot be deployed."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fnmatch import translate
from functools import cached_property
from typing import Final

from reconciler.manifest.code_files import CodeFiles, SourceFile, is_deployable
from reconciler.manifest.code_function import Defect
from reconciler.manifest.code_imports import Tree
from reconciler.manifest.code_target import CodeTarget, Image
from reconciler.manifest.location import Location
from reconciler.manifest.problem import Problem

Version = tuple[int, int]

MOST_FILES: Final = 1_000
"""Files of one target."""
MOST_BYTES: Final = 64 * 1024 * 1024
"""Of the files of one target together."""
_RUNNING: Final = sys.version_info[:2]


@dataclass(frozen=True, slots=True)
class Code:
    """A file and what it imports.

    Attributes:
        files: of the repository, that one first, then by path.
        problems: what is wrong with their imports.
    """

    files: tuple[SourceFile, ...]
    problems: tuple[Problem, ...]


class CodeReader:
    """Reads code targets from some files, each file once."""

    def __init__(self, files: CodeFiles) -> None:
        self.files = files
        self._sources: dict[str, SourceFile | None] = {}
        self._modules: dict[tuple[str, Version | None], ast.Module | Defect] = {}
        self._codes: dict[str, Code] = {}

    def source(self, path: str) -> SourceFile | None:
        """A file that may be deployed; None if there is none."""
        if path not in self._sources:
            content = self.files.read(path) if is_deployable(path) else None
            self._sources[path] = None if content is None else SourceFile(path, content)
        return self._sources[path]

    def module(self, path: str, version: Version | None) -> ast.Module | Defect:
        """A Python file that exists, parsed; or why it cannot be.

        Args:
            version: whose syntax it must have; None for any that this Python can read.
        """
        if (path, version) not in self._modules:
            # This Python cannot check the syntax of a newer one; it reads what both have.
            checks = version is None or version < _RUNNING
            parsed = self._parsed(path, version) if checks else self.module(path, None)
            if isinstance(parsed, Defect) and version is not None and version > _RUNNING:
                parsed = _of_newer(parsed, version)
            self._modules[path, version] = parsed
        return self._modules[path, version]

    def _parsed(self, path: str, version: Version | None) -> ast.Module | Defect:
        source = self.source(path)
        assert source is not None, "it exists"
        try:
            return ast.parse(source.content, filename=path, feature_version=version)
        except SyntaxError as error:
            of = "" if version is None else f" in Python {_dotted(version)}, which its image has"
            why = "" if error.msg == "invalid syntax" else f": {error.msg}"
            message = f"invalid syntax{of}{why}"
            return Defect(error.lineno or 1, error.offset or 1, message, "correct it")
        except (ValueError, RecursionError, MemoryError) as error:
            return Defect(1, 1, f"cannot be read as Python: {error}", "correct it")

    def code(self, entry: str) -> Code:
        """A file that exists, with all that it imports of the repository."""
        if entry not in self._codes:
            self._codes[entry] = self._code(entry)
        return self._codes[entry]

    def _code(self, entry: str) -> Code:
        reached: dict[str, None] = {entry: None}
        problems: list[Problem] = []
        for path in _growing(reached):
            module = self.module(path, None)
            if isinstance(module, Defect):
                continue  # reported for each version
            found = self._tree.found(path, entry, module, self._inits)
            reached |= dict.fromkeys(found.paths)
            problems += [
                Problem(
                    f"there is no module `{one.module}` in {self.files.place}",
                    Location(path, one.line, one.column),
                    "correct the import, or add and commit the file",
                )
                for one in found.missing
            ]
        sources = [self.source(path) for path in [entry, *sorted(reached.keys() - {entry})]]
        return Code(tuple(one for one in sources if one is not None), tuple(problems))

    def included(self, pattern: str) -> list[SourceFile]:
        """The files that an `include` pattern stands for, sorted; a folder stands for all in it."""
        matches = _matcher(pattern)
        paths = [path for path in self._paths if matches.fullmatch(path)]
        found = (self.source(path) for path in paths)
        return [one for one in found if one is not None]

    def sources(self, target: CodeTarget) -> tuple[SourceFile, ...]:
        """The files that a target without problems is deployed with: its own first."""
        code = self.code(target.path).files
        further = (self.included(pattern) for pattern in target.options.include or ())
        files = {one.path: one for one in (*code, *(one for found in further for one in found))}
        own, *others = files.values()
        return (own, *sorted(others, key=lambda one: one.path))

    def image_sources(self, image: Image | None) -> tuple[SourceFile, ...]:
        """The files that an image is built from, sorted."""
        if image is None:
            return ()
        paths = set()
        if image.requirements is not None:
            paths.add(image.requirements)
        if image.uv_sync is not None:
            paths |= {_in(image.uv_sync, "pyproject.toml"), _in(image.uv_sync, "uv.lock")}
        if image.dockerfile is not None:
            folder = image.dockerfile.rpartition("/")[0]
            paths.add(image.dockerfile)
            paths |= {path for path in self._paths if path.startswith(f"{folder}/") or not folder}
        found = (self.source(path) for path in sorted(paths))
        return tuple(one for one in found if one is not None)

    def missing_for(self, image: Image | None) -> Iterator[tuple[str, str]]:
        """The files that an image names and that are not there: the key, and the path."""
        if image is None:
            return
        for key in ("dockerfile", "requirements"):
            path = getattr(image, key)
            if path is not None and self.source(path) is None:
                yield key, path
        if image.uv_sync is not None:
            for name in ("pyproject.toml", "uv.lock"):
                if self.source(_in(image.uv_sync, name)) is None:
                    yield "uv_sync", _in(image.uv_sync, name)

    @cached_property
    def _paths(self) -> tuple[str, ...]:
        return tuple(sorted(path for path in self.files.paths() if is_deployable(path)))

    @cached_property
    def _tree(self) -> Tree:
        return Tree(self._paths)

    @property
    def _inits(self) -> _Inits:
        return _Inits(self)


def _of_newer(defect: Defect, version: Version) -> Defect:
    """The defect of a file whose image has a newer Python, which may read it."""
    return replace(
        defect,
        message=f"Python {_dotted(_RUNNING)}, which runs reconcile, cannot read it: "
        f"{defect.message}",
        remedy=f"correct it; if it is right for Python {_dotted(version)}, run reconcile with that",
    )


class _Inits(dict[str, ast.Module]):
    """The `__init__.py` files, parsed when they are asked for."""

    def __init__(self, reader: CodeReader) -> None:
        super().__init__()
        self._reader = reader

    def get(self, path: str, default: ast.Module | None = None) -> ast.Module | None:  # type: ignore[override]  # of str
        if self._reader.source(path) is None:
            return default
        module = self._reader.module(path, None)
        return module if isinstance(module, ast.Module) else default


def _growing(reached: dict[str, None]) -> Iterator[str]:
    """The keys of a mapping that grows while they are looked at."""
    done = 0
    while done < len(reached):
        yield list(reached)[done]
        done += 1


def _matcher(pattern: str) -> re.Pattern[str]:
    """What matches the paths of a pattern: `**` for any folders, `*` and `?` within one name."""
    parts = pattern.strip("/").split("/")
    pieces: Iterable[str] = (
        "(?:[^/]+/)*" if part == "**" else _segment(part) + "/" for part in parts[:-1]
    )
    last = ".*" if parts[-1] == "**" else f"{_segment(parts[-1])}(?:/.*)?"
    return re.compile("".join(pieces) + last, re.DOTALL)


def _segment(part: str) -> str:
    translated = translate(part).removesuffix(r"\Z").removesuffix(r"\z")
    inner = translated.removeprefix("(?s:").removesuffix(")")
    return inner.replace(".*", "[^/]*")


def _in(folder: str, name: str) -> str:
    return name if folder == "." else f"{folder}/{name}"


def _dotted(version: Version) -> str:
    return ".".join(map(str, version))
