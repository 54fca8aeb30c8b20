"""The first check: whether a document has the shape that its JSON Schema describes.

pydantic judges and types; jsonschema would say the same of every document (tests hold the two
together) and is not asked again. What pydantic finds is put in plain sentences here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from reconciler.manifest.expected import FORMS, VERDICT, Form
from reconciler.manifest.fault import Fault, Path
from reconciler.manifest.manifest_form import (
    CODE_KEYS,
    EITHER,
    ImageForm,
    ManifestForm,
    RetriesForm,
    SuspendForm,
)
from reconciler.manifest.schedule import JSON
from reconciler.manifest.settings_form import DeletesForm, EnvironmentForm, SettingsForm
from reconciler.manifest.unsupported import LATER_KEYS, not_yet

F = TypeVar("F", bound=Form)

_NESTED: Mapping[type[Form], Mapping[str, type[Form]]] = {
    ManifestForm: {"suspend": SuspendForm, "retries": RetriesForm, "image": ImageForm},
    SettingsForm: {"deletes": DeletesForm, "environments": EnvironmentForm},
}
_YES_AND_NO = {"yes": "true", "on": "true", "no": "false", "off": "false"}


def check(value: JSON, form: type[F]) -> F | list[Fault]:
    """The document as typed values, or everything that its shape lacks."""
    try:
        read = form.model_validate(value)
    except ValidationError as error:
        read = None
        faults = [_fault(details, form) for details in error.errors(include_url=False)]
    else:
        faults = []
    if form is ManifestForm and isinstance(value, dict):
        faults.extend(_relations(value))
    if faults or read is None:
        return _without_consequences(faults)
    return read


def salvage(value: JSON, faults: Iterable[Fault]) -> ManifestForm | None:
    """What is left of a manifest without the keys that have a fault, so that the rest is judged.

    Local times go with a `timezone` that cannot be read. The name may be one that nobody wrote.
    """
    if not isinstance(value, dict):
        return None
    bad = {fault.path[0] for fault in faults if fault.path}
    sound = {key: inner for key, inner in value.items() if key not in bad}
    if "timezone" not in sound:
        for key in ("at", "start", "end", "suspend"):
            sound.pop(key, None)
    try:
        return ManifestForm.model_validate({"name": "unnamed", **sound})
    except ValidationError:
        return None


def _without_consequences(faults: list[Fault]) -> list[Fault]:
    """A misspelt key is one fault, not also the absence of the key that was meant."""
    meant = {fault.remedy for fault in faults}
    return [
        fault
        for fault in faults
        if not fault.lacks or meant.isdisjoint(_did_you_mean(key) for key in fault.lacks)
    ]


def _relations(manifest: Mapping[str, JSON]) -> Iterator[Fault]:
    """What holds between keys."""
    for pair in EITHER:
        present = [key for key in pair if key in manifest]
        if len(present) == 2:
            yield Fault(
                path=(pair[1],),
                message=f"both `{pair[0]}` and `{pair[1]}` are given",
                remedy="keep one of them",
                at_key=True,
            )
        elif not present:
            yield Fault(
                path=(),
                message=f"neither `{pair[0]}` nor `{pair[1]}` is given",
                remedy="add one of them",
                lacks=pair,
            )
    for key in CODE_KEYS:
        if key in manifest and "code" not in manifest:
            yield Fault(
                path=(key,),
                message=f"`{key}` goes with `code` only",
                remedy="a deployed `function` has its own; leave it out",
                at_key=True,
            )


def _fault(error: ErrorDetails, form: type[Form]) -> Fault:
    *parents, last = error["loc"] or ("",)
    if error["type"] == "extra_forbidden":
        return _unknown_key((*_keys(parents), str(last)), form)
    path = _keys(error["loc"])
    if last == "[key]":
        return _bad_key(path[:-1], error)
    subject = f"`{_dotted(path)}`" if path else "the document"
    match error["type"]:
        case "missing":
            return Fault(
                path=path[:-1],
                message=f"{subject} is missing",
                remedy="add it",
                lacks=(str(last),),
            )
        case kind if kind == VERDICT:
            return Fault(path=path, message=f"{subject} {error['ctx']['what']}")
        case "model_type" | "dict_type":
            what = "a mapping of keys and values"
        case "list_type" | "too_short":
            what = "a list of at least one"
        case _:
            what = error.get("ctx", {}).get("what", "of another kind")
    return Fault(
        path=path,
        message=f"{subject} must be {what}, not {_shown(error['input'])}",
        remedy=_meant(error),
    )


def _keys(location: Iterable[str | int]) -> Path:
    return tuple(part for part in location if part not in FORMS)


def _unknown_key(path: Path, form: type[Form]) -> Fault:
    *parents, key = path
    if key in LATER_KEYS and not parents:
        return not_yet(path, str(key))
    for parent in parents:
        form = _NESTED.get(form, {}).get(str(parent), form)
    close = get_close_matches(str(key), form.model_fields, n=1)
    known = f"known here: {', '.join(form.model_fields)}"
    return Fault(
        path=path,
        message=f"unknown key `{_dotted(path)}`",
        remedy=_did_you_mean(close[0]) if close else known,
        at_key=True,
    )


def _bad_key(path: Path, error: ErrorDetails) -> Fault:
    what = error.get("ctx", {}).get("what", "of another kind")
    return Fault(
        path=path,
        message=f"the key {_shown(path[-1])} in `{_dotted(path[:-1])}` must be {what}",
        at_key=True,
    )


def _meant(error: ErrorDetails) -> str | None:
    """What was probably meant, when that can be told from what was written."""
    written = error["input"]
    context = error.get("ctx", {})
    what, choices = context.get("what", ""), context.get("choices", "")
    if choices and isinstance(written, str):
        close = get_close_matches(written.lower(), choices.split("|"), n=1)
        return _did_you_mean(close[0]) if close else None
    if isinstance(written, str) and what.startswith("true"):
        word = _YES_AND_NO.get(written.lower())
        return f"write {word}" if word else None
    if isinstance(written, (int, float)) and not isinstance(written, bool) and what == "text":
        return f'put it in quotes: "{written}"'
    return None


def _did_you_mean(text: str) -> str:
    return f"did you mean `{text}`?"


def _dotted(path: Path) -> str:
    """A path as people write it: `suspend.until`, `schedule[1]`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{_shortened(part)}"
    return text.lstrip(".")


def _shown(value: JSON) -> str:
    match value:
        case None:
            return "empty"
        case str():
            return f"`{_shortened(value)}`" if value else "an empty text"
        case bool() | int() | float():
            return json.dumps(value)
        case Mapping():
            return "a mapping"
        case _:
            return "a list" if value else "an empty list"


def _shortened(text: str) -> str:
    visible = "".join(character if character.isprintable() else "�" for character in text[:60])
    return visible if len(text) <= 60 else f"{visible}…"
