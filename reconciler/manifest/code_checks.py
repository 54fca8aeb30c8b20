"""What is wrong with the code targets of manifests: each problem at its line, in YAML or Python."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reconciler.manifest.code_function import (
    Defect,
    argument_faults,
    defects_of,
    find_function,
    near_functions,
)
from reconciler.manifest.code_reader import MOST_BYTES, MOST_FILES, CodeReader, Version
from reconciler.manifest.code_target import CodeTarget
from reconciler.manifest.document import Document
from reconciler.manifest.location import Location
from reconciler.manifest.problem import Problem
from reconciler.manifest.schedule import Schedule
from reconciler.manifest.settings import Settings


@dataclass(frozen=True, slots=True)
class CodeUse:
    """A schedule that runs a code target, and the document that declares it."""

    schedule: Schedule
    target: CodeTarget
    document: Document


def code_problems(
    uses: Iterable[CodeUse], reader: CodeReader, settings: Settings
) -> Iterator[Problem]:
    """Every problem of code targets, each once."""
    seen: set[tuple[Location, str]] = set()
    for use in uses:
        for problem in _of_use(use, reader, settings):
            if (problem.location, problem.message) not in seen:
                seen.add((problem.location, problem.message))
                yield problem


def _of_use(use: CodeUse, reader: CodeReader, settings: Settings) -> Iterator[Problem]:
    target, at = use.target, use.document.position("code")
    deployed = list(_deployed(use, settings))
    yield from _image_problems(use, deployed, reader)
    if reader.source(target.path) is None:
        yield Problem(
            f"there is no file `{target.path}` in {reader.files.place}",
            at,
            "correct `code`, or add and commit the file",
        )
        return
    module = reader.module(target.path, None)
    code = reader.code(target.path)
    versions: set[Version | None] = {
        None if one.options.image is None else one.options.image.syntax for one in deployed
    }
    for file in code.files:
        if file.path.endswith(".py"):
            yield from _syntax_problems(file.path, versions, reader)
    yield from code.problems
    yield from _include_problems(use, deployed, reader)
    if isinstance(module, Defect):
        return
    definition = find_function(module, target.function)
    if definition is None:
        near = " or ".join(f"`{one}`" for one in near_functions(module, target.function))
        yield Problem(
            f"`{target.path}` has no function `{target.function}` at its top level",
            at,
            f"did you mean {near}?" if near else "add it, or correct `code`",
        )
        return
    for defect in defects_of(module, definition):
        yield _at(target.path, defect)
    for argument, message, remedy in argument_faults(definition, use.schedule.args):
        where = at if argument is None else use.document.position("args", argument)
        if argument is None and use.schedule.args:
            where = use.document.position("args")
        yield Problem(message, where, remedy)


def _deployed(use: CodeUse, settings: Settings) -> Iterator[CodeTarget]:
    """The target as each environment deploys it; with the repository's defaults if none is
    declared."""
    wanted = use.schedule.environments or settings.declared
    names = [name for name in sorted(wanted) if settings.knows(name)] or ["local"]
    for name in names:
        yield use.target.under(settings.environment(name).defaults)


def _syntax_problems(
    path: str, versions: Iterable[Version | None], reader: CodeReader
) -> Iterator[Problem]:
    for version in sorted(versions, key=lambda one: one or (0, 0)):
        module = reader.module(path, version)
        if isinstance(module, Defect):
            yield _at(path, module)
            return


def _image_problems(
    use: CodeUse, deployed: Iterable[CodeTarget], reader: CodeReader
) -> Iterator[Problem]:
    for target in deployed:
        for key, path in reader.missing_for(target.options.image):
            yield Problem(
                f"`image.{key}` needs the file `{path}`, which is not in {reader.files.place}",
                use.document.position("image", key),
                "correct it, or add and commit the file",
            )


def _include_problems(
    use: CodeUse, deployed: Iterable[CodeTarget], reader: CodeReader
) -> Iterator[Problem]:
    for target in deployed:
        for index, pattern in enumerate(target.options.include or ()):
            if not reader.included(pattern):
                yield Problem(
                    f"`include` has `{pattern}`, which matches no file of {reader.files.place}",
                    use.document.position("include", index),
                    "correct it; `.env` and git's files are never deployed",
                )
        files = reader.sources(target)
        size = sum(len(one.content) for one in files)
        if len(files) > MOST_FILES or size > MOST_BYTES:
            yield Problem(
                f"the target has {len(files):,} files with {size // 2**20:,} MiB: a function is "
                f"deployed with at most {MOST_FILES:,} files and {MOST_BYTES // 2**20:,} MiB",
                use.document.position("include"),
                "include less, and keep large files on a Modal Volume",
            )


def _at(path: str, defect: Defect) -> Problem:
    return Problem(defect.message, Location(path, defect.line, defect.column), defect.remedy)
