"""Drafts as manifests: valid by this version's own rules, or said to be untranslated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from reconciler.foreign_text import printable
from reconciler.importers.draft import Draft, Found, StillFiring, Untranslated, unique_name
from reconciler.manifest import ManifestError, Settings, load_contents


@dataclass(frozen=True, slots=True)
class Written:
    """The content of a manifest file.

    Attributes:
        text: empty when nothing could be translated.
        names: of the schedules in it.
        to_write: functions that somebody has to write and deploy.
        still_firing: what became a manifest, and fires from the code too.
    """

    text: str
    names: tuple[str, ...]
    to_write: tuple[str, ...]
    untranslated: tuple[Untranslated, ...]
    still_firing: tuple[StillFiring, ...]


def write_manifests(
    found: Found, *, taken: Iterable[str], app: str, settings: Settings, schema: str
) -> Written:
    """The manifests of what was found.

    Args:
        taken: names that the repository has already.
        app: the Modal app that schedules call whose function is yet to be written.
        schema: path of the manifests' JSON Schema, as seen from the file; for editors.
    """
    names = set(taken)
    called: set[str] = set()
    documents: list[str] = []
    written: list[str] = []
    to_write: list[str] = []
    untranslated = list(found.untranslated)
    for draft in found.drafts:
        name = unique_name(draft.name, names)
        function = draft.function or f"{app}/{name.replace('-', '_')}"
        document, refused = _accepted(draft, name, function, settings)
        untranslated += refused
        if document is None:
            continue
        names.add(name)
        called.add(function)
        written.append(name)
        if draft.function is None:
            to_write.append(function)
        documents.append(document)
    header = f"# yaml-language-server: $schema={schema}\n"
    text = header + "---\n".join(documents) if documents else ""
    untranslated.sort(key=lambda item: item.line)
    firing = (item for item in found.still_firing if f"{item.app}/{item.function}" in called)
    return Written(text, tuple(written), tuple(to_write), tuple(untranslated), tuple(firing))


def _accepted(
    draft: Draft, name: str, function: str, settings: Settings
) -> tuple[str | None, list[Untranslated]]:
    """The document without the keys that this version refuses, which are told."""
    refused: list[Untranslated] = []
    keys: dict[str, Any] = {}
    problem = _problem(_document(draft, name, function, {}), settings)
    if problem is not None:
        return None, [Untranslated(draft.line, draft.origin, problem)]
    described = {"description": draft.description} if draft.description else {}
    for key, value in {**described, **draft.keys}.items():
        problem = _problem(_document(draft, name, function, {**keys, key: value}), settings)
        if problem is None:
            keys[key] = value
        else:
            refused.append(Untranslated(draft.line, f"{key}: {str(value)[:80]} of {name}", problem))
    return _document(draft, name, function, keys), refused


def _document(draft: Draft, name: str, function: str, keys: Mapping[str, Any]) -> str:
    one = draft.schedule[0] if len(draft.schedule) == 1 else list(draft.schedule)
    body: dict[str, Any] = {"name": name, "schedule": one}
    if draft.timezone != "UTC":
        body["timezone"] = draft.timezone
    body["function"] = function
    text = yaml.safe_dump({**body, **keys}, sort_keys=False, allow_unicode=True, width=100)
    return f"# was: {printable(' '.join(draft.origin.split()))}\n{text}"


def _problem(document: str, settings: Settings) -> str | None:
    """What is wrong with a document, None when nothing is."""
    try:
        load_contents([("import.yaml", document.encode())], settings=settings)
    except ManifestError as error:
        first = error.problems[0]
        return f"{first.message}; {first.remedy}" if first.remedy else first.message
    return None
