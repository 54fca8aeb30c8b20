"""Converts pydantic's errors to the messages of this program."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import get_args

from pydantic_core import ErrorDetails

from reconciler.alerts import host_of
from reconciler.foreign_text import hidden_space
from reconciler.manifest.after_form import UpstreamForm
from reconciler.manifest.alerts_form import (
    AlertsForm,
    DefaultAlertsForm,
    EmailRecipientForm,
    PingSecretForm,
    RecipientForm,
    SecretRecipientForm,
)
from reconciler.manifest.code_form import FromEnvForm, ImageForm, SecretForm
from reconciler.manifest.constraints import FORMS, VERDICT, Form
from reconciler.manifest.exclude_form import CalendarForm, HolidaysForm, PlaceForm
from reconciler.manifest.fault import Fault, Path
from reconciler.manifest.manifest_form import (
    AllowanceForm,
    CodeDefaultsForm,
    ManifestForm,
    RetriesForm,
    SuspendForm,
)
from reconciler.manifest.schedule import JSON
from reconciler.manifest.settings_form import (
    DeletesForm,
    EnvironmentForm,
    SettingsForm,
    TasksForm,
)
from reconciler.words import nearest_name

_NESTED: Mapping[type[Form], Mapping[str, type[Form]]] = {
    ManifestForm: {
        "after": UpstreamForm,
        "suspend": SuspendForm,
        "retries": RetriesForm,
        "image": ImageForm,
        "secrets": SecretForm,
        "alerts": AlertsForm,
        "ping": PingSecretForm,
        "exclude": CalendarForm,
        "allow": AllowanceForm,
    },
    SettingsForm: {
        "deletes": DeletesForm,
        "environments": EnvironmentForm,
        "alerts": DefaultAlertsForm,
        "tasks": TasksForm,
        "defaults": CodeDefaultsForm,
    },
    EnvironmentForm: {"alerts": DefaultAlertsForm, "defaults": CodeDefaultsForm},
    CodeDefaultsForm: {"retries": RetriesForm, "image": ImageForm, "secrets": SecretForm},
    HolidaysForm: {"holidays": PlaceForm},
    AlertsForm: {"to": RecipientForm},
    DefaultAlertsForm: {"to": RecipientForm},
}
_SHOWN = 60
"""Characters of a text that a message quotes."""
_FORMS: Mapping[str, type[Form]] = {
    "<secret>": SecretRecipientForm,
    "<email>": EmailRecipientForm,
    "<env>": FromEnvForm,
    "<holidays>": HolidaysForm,
}
"""The forms that the tags of a union choose."""
_NUMBER = re.compile(r"[0-9]{1,18}(\.[0-9]+)?")
_LONG_DURATION = re.compile(r"[0-9]{7,}[dhms]")
"""A duration with more digits than allowed, in a text that is not a valid one."""
_YES_AND_NO = {"yes": "true", "on": "true", "no": "false", "off": "false"}


def fault_of(error: ErrorDetails, form: type[Form]) -> Fault:
    """The fault for one of pydantic's errors.

    Args:
        form: the form of the whole document.
    """
    *parents, last = error["loc"] or ("",)
    if error["type"] == "extra_forbidden":
        return _unknown_key(parents, str(last), form)
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
        case "too_short" if isinstance(error["input"], dict):
            return Fault(path=path, message=f"{subject} is empty", remedy="add a key, or remove it")
        case "too_long" if isinstance(error["input"], dict):
            most = error["ctx"]["max_length"]
            return Fault(path=path, message=f"{subject} has more than {most} keys")
        case "list_type" | "too_short":
            what = "a list of at least one item"
        case _:
            what = error.get("ctx", {}).get("what", "of another type")
    private = isinstance(error["input"], str) and error.get("ctx", {}).get("private")
    found = "" if private else f", not {_shown(error['input'])}"
    return Fault(path=path, message=f"{subject} must be {what}{found}", remedy=_meant(error))


def _keys(location: Iterable[str | int]) -> Path:
    return tuple(part for part in location if part not in FORMS)


def _unknown_key(location: Iterable[str | int], key: str, form: type[Form]) -> Fault:
    """The fault of a key that a form does not have.

    Args:
        location: where the mapping is, with the tags of the forms that were chosen.
        form: that of the whole document.
    """
    location = tuple(location)
    for part in location:
        nested = _NESTED.get(form)
        if part in FORMS:
            form = _FORMS.get(str(part), form)
        elif nested is not None:
            form = nested.get(str(part), form)
        else:
            form = _inner(form, str(part))
    parents = _keys(location)
    path = (*parents, key)
    if form is SecretRecipientForm and key == "url":
        other = _dotted((*parents, "secret"))
        return Fault(
            path=path,
            message=f"both `{other}` and `{_dotted(path)}` are given",
            remedy="keep one of them",
            at_key=True,
        )
    names = [field.alias or name for name, field in form.model_fields.items()]
    near = nearest_name(str(key), names)
    known = f"known keys: {', '.join(names)}"
    return Fault(
        path=path,
        message=f"unknown key `{_dotted(path)}`",
        remedy=_hidden(str(key)) or (known if near is None else did_you_mean(near)),
        at_key=True,
    )


def _inner(form: type[Form], key: str) -> type[Form]:
    """The form of the mapping at a key; of a form whose keys have one form each."""
    field = form.model_fields.get(key)
    left = [] if field is None else [field.annotation]
    for annotation in left:
        if isinstance(annotation, type) and issubclass(annotation, Form):
            return annotation
        left += get_args(annotation)
    return form


def _bad_key(path: Path, error: ErrorDetails) -> Fault:
    what = error.get("ctx", {}).get("what", "of another type")
    key = f"the key {_shown(path[-1])}" if path[-1] else "an empty key"
    return Fault(
        path=path,
        message=f"{key} in `{_dotted(path[:-1])}` must be {what}",
        at_key=True,
    )


def _meant(error: ErrorDetails) -> str | None:
    """The remedy that the written value suggests; None if there is none."""
    written = error["input"]
    context = error.get("ctx", {})
    if isinstance(written, (bool, int, float)) and context.get("quotable"):
        return "put it in quotes, so that it is text"
    if not isinstance(written, str):
        return None
    hidden = _hidden(written)
    if hidden is not None:
        return hidden
    if context.get("choices"):
        near = nearest_name(written.lower(), context["choices"].split("|"))
        return None if near is None else did_you_mean(near)
    return _as_written(context.get("what", ""), written)


def _as_written(what: str, written: str) -> str | None:
    """The remedy for a correct value in the wrong form."""
    if what.startswith("true"):
        if written.lower() in {"true", "false"}:
            return f"write it without quotes: {written.lower()}"
        word = _YES_AND_NO.get(written.lower())
        return f"write {word}" if word else None
    if "number" in what and _NUMBER.fullmatch(written):
        return f"write it without quotes: {written}"
    if what.startswith("a duration") and _LONG_DURATION.fullmatch(written):
        return "it is decades long: shorten it, or remove the key"
    return None


def _hidden(text: str) -> str | None:
    """The remedy for a character that looks like a space or is invisible."""
    hidden = hidden_space(text)
    return None if hidden is None else f"replace its {hidden[1]} by a plain space, or delete it"


def did_you_mean(text: str) -> str:
    """The remedy for a misspelt word."""
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
        case str() if value.lower() in {"true", "false"} or _NUMBER.fullmatch(value):
            return f'the text "{value}"'
        case str():
            length = f" ({len(value):,} characters)" if len(value) > _SHOWN else ""
            return f"`{_shortened(value)}`{length}" if value else "an empty text"
        case bool() | int() | float():
            return json.dumps(value)
        case Mapping():
            return "a mapping"
        case _:
            return "a list" if value else "an empty list"


def _shortened(text: str) -> str:
    if text.startswith(("http://", "https://")):
        return host_of(text)  # the rest may be a secret
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
