"""Loads all manifests of a folder, and reports all their problems at once."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from reconciler.manifest.alert_overrides import ONE_KEY_EACH, SecretKeys
from reconciler.manifest.calendar_reader import CalendarReader
from reconciler.manifest.code_checks import CodeUse, code_problems
from reconciler.manifest.code_files import CodeFiles
from reconciler.manifest.code_reader import CodeReader
from reconciler.manifest.code_target import CodeTarget
from reconciler.manifest.dependencies import resolve_dependencies
from reconciler.manifest.document import Document, documents
from reconciler.manifest.fault import Fault
from reconciler.manifest.files import PYTHON, read_folder, too_deep, too_large
from reconciler.manifest.formerly import DeclaredNames, ambiguous_renames
from reconciler.manifest.location import Location
from reconciler.manifest.manifest_form import ManifestForm
from reconciler.manifest.manifests import Manifests
from reconciler.manifest.problem import ManifestError, Problem
from reconciler.manifest.python_manifests import python_documents
from reconciler.manifest.schedule import Schedule
from reconciler.manifest.semantics import read
from reconciler.manifest.settings import Settings, every_alerts
from reconciler.manifest.size_limits import MAX_FOLDERS, MAX_PROBLEMS
from reconciler.manifest.validation import check, salvage
from reconciler.words import nearest_name

_PLACED: Final = ("image", "secrets", "volumes")
"""Keys of a code target of which an apply may find that Modal cannot do what they say."""


def load(
    folder: Path,
    *,
    settings: Settings,
    root: Path | None = None,
    code: CodeFiles | None = None,
    rules: Collection[str] | None = None,
    keep: bool = False,
) -> Manifests:
    """All manifests below a folder: `*.yaml`, `*.yml`, `*.py` without dot files, in sorted order.

    Args:
        folder: usually `root / settings.schedules`.
        root: messages show paths relative to it; None to show paths that begin with `folder`.
        code: the files of code targets and calendars; None if these are not read.
        rules: the ids of the repository's rules; None if `allow` is not checked.
        keep: whether to keep the documents, as rules need them.

    Raises:
        ManifestError: with all problems of the files, or with that of the folder.
    """
    relative = root is not None and folder.is_relative_to(root)
    shown = (folder.relative_to(root) if root and relative else folder).as_posix()
    return _load(read_folder(folder, shown), settings, shown, code, rules, keep=keep)


def load_contents(
    contents: Iterable[tuple[str, bytes]],
    *,
    settings: Settings,
    folder: str = "schedules",
    code: CodeFiles | None = None,
    rules: Collection[str] | None = None,
    keep: bool = False,
) -> Manifests:
    """All manifests from given contents, for example of a git revision.

    Args:
        contents: file name for messages, and content. The caller selects the files with
            `is_manifest`.
        folder: the folder that a message names if there are no files.
        code: the files of code targets and calendars; None if these are not read.
        rules: the ids of the repository's rules; None if `allow` is not checked.
        keep: whether to keep the documents, as rules need them.

    Raises:
        ManifestError: with all problems of the files.
    """
    ordered = sorted(contents, key=lambda source: source[0])
    sources = (_bounded(*source) for source in ordered)
    return _load(sources, settings, folder, code, rules, keep=keep)


def _bounded(name: str, content: bytes) -> tuple[str, bytes] | Problem:
    if name.count("/") > MAX_FOLDERS + 1:
        return too_deep(name)
    return too_large(len(content), name) or (name, content)


def _load(
    sources: Iterable[tuple[str, bytes] | Problem],
    settings: Settings,
    folder: str,
    code: CodeFiles | None,
    rules: Collection[str] | None,
    *,
    keep: bool,
) -> Manifests:
    schedules: list[Schedule] = []
    linked: list[tuple[Schedule, Document]] = []  # others or files decide whether they are valid
    kept: dict[str, Document] = {}
    problems: list[Problem] = []
    named: dict[str, Location] = {}
    names: list[DeclaredNames] = []
    keys = SecretKeys(
        recipient.address for alerts in every_alerts(settings) for recipient in alerts.rule.to
    )
    calendars = None if code is None else CalendarReader(code)
    files = 0
    for source in sources:
        if isinstance(source, Problem):
            problems.append(source)
            continue
        is_python = source[0].lower().endswith(PYTHON)
        found_any = False
        files += not is_python
        for document in _documents(*source, _path(source[0], folder, settings)):
            files += is_python and not found_any
            found_any = True
            if len(problems) >= MAX_PROBLEMS:
                raise ManifestError([*problems[:MAX_PROBLEMS], _too_many(document)])
            if isinstance(document, Problem):
                problems.append(document)
                continue
            name = DeclaredNames.of(document)
            if name is not None:
                names.append(name)
                problems.extend(_repeated_name(name, named))
            found = _schedule(document, settings, calendars)
            if isinstance(found, Schedule):
                schedules.append(found)
                if found.after or isinstance(found.target, CodeTarget):
                    linked.append((found, document))
                problems.extend(_of_others(found, document, keys, rules))
                kept.update({found.name: document} if keep else {})
            else:
                problems.extend(found)
    problems.extend(ambiguous_renames(names))
    schedules, unresolved = resolve_dependencies(schedules, linked, names)
    problems.extend(unresolved)
    reader = None if code is None else CodeReader(code)
    if reader is not None:
        uses = [
            CodeUse(schedule, schedule.target, document)
            for schedule, document in linked
            if isinstance(schedule.target, CodeTarget)
        ]
        problems.extend(code_problems(uses, reader, settings))
    if not files and not problems:
        problems.append(_no_manifest(folder))
    if problems:
        raise ManifestError(problems)
    ordered = tuple(sorted(schedules, key=lambda schedule: schedule.name))
    return Manifests(ordered, files, settings, reader, kept)


def _path(file: str, folder: str, settings: Settings) -> str:
    """A file of the manifests' folder as `code` names it."""
    inside = file if folder == "." else file.removeprefix(f"{folder}/")
    return posixpath.normpath(f"{settings.schedules}/{inside}")


def _documents(file: str, content: bytes, path: str) -> Iterator[Document | Problem]:
    if file.lower().endswith(PYTHON):
        yield from python_documents(content, file, path)
        return
    is_empty = True
    for document in documents(content, file):
        is_empty = False
        yield document
    if is_empty:
        yield Problem(
            "this file contains no manifest", Location(file, 1, 1), "write one, or delete the file"
        )


def _schedule(
    document: Document, settings: Settings, calendars: CalendarReader | None
) -> Schedule | list[Problem]:
    checked = check(document.value, ManifestForm)
    faults: list[Fault] = [] if isinstance(checked, ManifestForm) else checked
    form = checked if isinstance(checked, ManifestForm) else salvage(document.value, checked)
    if form is not None:
        target = document.position("code" if form.function is None else "function")
        schedule = read(form, document.location, settings, target)
        if not isinstance(schedule, Schedule):
            faults.extend(schedule)
        elif not faults and not document.problems:
            if isinstance(schedule.target, CodeTarget):
                keys = form.model_fields_set.intersection(_PLACED)
                placed = {key: document.key_position(key) for key in keys}
                schedule = replace(schedule, key_locations=placed)
            if calendars is None or not schedule.calendars:
                return schedule
            return calendars.resolve(schedule, document)
    return [*document.problems, *document.locate_all(faults)]


def _repeated_name(one: DeclaredNames, named: dict[str, Location]) -> Iterator[Problem]:
    first = named.setdefault(one.name, one.at)
    if first is not one.at:
        yield Problem(
            f"duplicate name `{one.name}`, first in {first}",
            one.at,
            "give each schedule a unique name",
        )


def _of_others(
    schedule: Schedule, document: Document, keys: SecretKeys, rules: Collection[str] | None
) -> Iterator[Problem]:
    """What does not fit to the settings, to rules and to other manifests."""
    yield from _clashing_keys(schedule, document, keys)
    if rules is not None:
        yield from _unknown_rules(schedule, document, rules)


def _unknown_rules(
    schedule: Schedule, document: Document, rules: Collection[str]
) -> Iterator[Problem]:
    for rule in schedule.allow:
        if rule not in rules:
            near = nearest_name(rule, rules)
            fault = Fault(
                path=("allow", rule),
                message=f"there is no rule `{rule}`" + ("" if rules else ": there is no `rules/`"),
                remedy="remove it" if near is None else f"did you mean `{near}`?",
                at_key=True,
            )
            yield document.locate(fault)


def _clashing_keys(schedule: Schedule, document: Document, keys: SecretKeys) -> Iterator[Problem]:
    asked = schedule.alerts
    addresses = [("alerts", one.address) for one in (asked.to or () if asked is not None else ())]
    if schedule.ping is not None:
        addresses.append(("ping", schedule.ping))
    for key, address in addresses:
        clash = keys.clash(address)
        if clash is not None:
            yield Problem(clash, document.position(key), ONE_KEY_EACH)


def _too_many(following: Document | Problem) -> Problem:
    return Problem(
        f"stopped reading here, after {MAX_PROBLEMS:,} problems",
        following.location,
        "correct those first",
    )


def _no_manifest(folder: str) -> Problem:
    return Problem(
        "this folder contains no manifest; no schedule is deleted because of this",
        Location(folder),
        "check the path and the checkout; names of manifests end in .yaml or .yml",
    )
