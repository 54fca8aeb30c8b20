"""``reconcile fmt``: the canonical form of the manifests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from reconciler.cli.inputs import Place, find_place
from reconciler.cli.terminal import say
from reconciler.disk import write_whole
from reconciler.errors import ReconcileError
from reconciler.manifest import ManifestError, Problem, is_manifest
from reconciler.manifest.discovery import shown_from
from reconciler.manifest.files import PYTHON, read_file, read_folder
from reconciler.manifest.formatting import formatted
from reconciler.words import count

NOT_CANONICAL = 1
"""Exit code of ``--check`` for a file that is not in canonical form."""


def main(*, schedules: str | None, files: list[str], check: bool) -> int:
    """Format all manifests, or these files. Nothing is written if one of them cannot be read.

    Returns the exit code.
    """
    place = find_place(schedules)
    sources = list(map(_named, files, [place] * len(files))) if files else list(_all(place))
    problems: list[Problem] = []
    changed: dict[str, bytes] = {}
    for source in sources:
        if isinstance(source, Problem):
            problems.append(source)
            continue
        name, content = source
        try:
            after = formatted(content, name)
        except ManifestError as error:
            problems += error.problems
            continue
        if after != content:
            changed[name] = after
    if problems:
        raise ManifestError(problems)
    for name, content in changed.items():
        if check:
            print(f"{name}:1:1: is not in canonical form")
        else:
            write_whole(place.top / name, content)
            print(f"formatted {name}")
    left = count(len(sources) - len(changed), "file")
    say(f"{left} in canonical form already.")
    if check and changed:
        say("Format them: reconcile fmt")
        return NOT_CANONICAL
    return 0


def _all(place: Place) -> Iterator[tuple[str, bytes] | Problem]:
    folder = place.root / place.settings().schedules
    for source in read_folder(folder, shown_from(place.top, folder)):
        if isinstance(source, Problem) or not source[0].lower().endswith(PYTHON):
            yield source


def _named(file: str, place: Place) -> tuple[str, bytes] | Problem:
    """A file as a person names it in the current folder.

    Raises:
        ReconcileError: it is not a YAML file.
    """
    path = Path.cwd() / file
    if not is_manifest(path.name) or file.lower().endswith(PYTHON):
        raise ReconcileError(
            "is not a YAML file, and only those have a canonical form",
            where=file,
            remedy="Name files that end in .yaml or .yml; format Python files with a formatter for "
            "Python, such as ruff.",
        )
    shown = shown_from(place.top, path.resolve())
    found = read_file(path, shown)
    return found if isinstance(found, Problem) else (shown, found)
