"""Drafts as manifests that this version accepts; the rest becomes remarks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from keyword import iskeyword
from typing import Any

import yaml

from reconciler.cron import minute
from reconciler.foreign_text import printable
from reconciler.importers.clock_rules import clock_difference
from reconciler.importers.draft import (
    Draft,
    ImportedFile,
    Remark,
    RemarkKind,
    StillFiring,
    unique_name,
)
from reconciler.manifest import ManifestError, Settings, load_contents
from reconciler.manifest.formatting import formatted


@dataclass(frozen=True, slots=True)
class Written:
    """The content of a manifest file.

    Attributes:
        text: empty when no draft is a valid manifest.
        names: of the schedules in it.
        to_write: functions that are yet to be written and deployed.
        remarks: by line.
        still_firing: the functions that a manifest calls and that fire from their code too.
    """

    text: str
    names: tuple[str, ...]
    to_write: tuple[str, ...]
    remarks: tuple[Remark, ...]
    still_firing: tuple[StillFiring, ...]


def write_manifests(
    found: ImportedFile,
    *,
    taken: Iterable[str],
    app: str,
    settings: Settings,
    schema: str,
    now: datetime,
    timezone: str | None = None,
) -> Written:
    """The manifests of a file's drafts.

    Args:
        taken: names of the repository's schedules.
        app: the Modal app of functions that are yet to be written.
        schema: path of the manifests' JSON Schema, as seen from the file; for editors.
        now: aware; the changes of the clock after it are compared.
        timezone: of the drafts that name none; UTC if it is None.
    """
    names = set(taken)
    called: set[str] = set()
    documents: list[str] = []
    written: list[str] = []
    to_write: list[str] = []
    remarks = list(found.remarks)
    for unzoned in found.drafts:
        draft = replace(unzoned, timezone=unzoned.timezone or timezone or "UTC")
        name = unique_name(draft.name, names)
        function = draft.function or f"{app}/{_function_name(name)}"
        document, refused = _accepted(draft, name, function, settings)
        remarks += refused
        if document is None:
            continue
        remarks += _clock_remarks(draft, minute(now))
        names.add(name)
        called.add(function)
        written.append(name)
        if draft.function is None:
            to_write.append(function)
        documents.append(document)
    header = f"# yaml-language-server: $schema={schema}\n"
    content = (header + "---\n".join(documents)).encode()
    text = formatted(content, "import.yaml").decode() if documents else ""
    remarks.sort(key=lambda remark: remark.line)
    firing = (item for item in found.still_firing if f"{item.app}/{item.function}" in called)
    return Written(text, tuple(written), tuple(to_write), tuple(remarks), tuple(firing))


def _clock_remarks(draft: Draft, now: int) -> Iterator[Remark]:
    if draft.clock is None or draft.timezone in {None, "UTC"}:
        return
    exclude = draft.keys.get("exclude", ())
    zone = draft.timezone or "UTC"
    reason = clock_difference(draft.clock, draft.schedule, zone, exclude, now)
    if reason is not None:
        text = f"{' and '.join(draft.schedule)} of {draft.name}"
        yield Remark(draft.line, text, reason, RemarkKind.DIFFERS)


def _function_name(name: str) -> str:
    """A name that a Python function can have: not `2fa_sync`, and not `import`."""
    wish = name.replace("-", "_")
    return wish if wish.isidentifier() and not iskeyword(wish) else f"job_{wish}"


def _accepted(
    draft: Draft, name: str, function: str, settings: Settings
) -> tuple[str | None, list[Remark]]:
    """The document without the keys that this version refuses, and a remark on each of these."""
    refused: list[Remark] = []
    # Without these the schedule would have other times.
    keys = {key: draft.keys[key] for key in ("start", "exclude") if key in draft.keys}
    problem = _problem(_document(draft, name, function, keys), settings)
    if problem is not None:
        return None, [Remark(draft.line, draft.origin, problem)]
    described = {"description": draft.description} if draft.description else {}
    for key, value in {**described, **draft.keys}.items():
        if key in keys:
            continue
        problem = _problem(_document(draft, name, function, {**keys, key: value}), settings)
        if problem is None:
            keys[key] = value
        else:
            refused.append(Remark(draft.line, f"{key}: {str(value)[:80]} of {name}", problem))
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
    """Why this version refuses a document, None when it accepts it."""
    try:
        load_contents([("import.yaml", document.encode())], settings=settings)
    except ManifestError as error:
        first = error.problems[0]
        return f"{first.message}; {first.remedy}" if first.remedy else first.message
    return None
