"""The first check: validates a document against its form.

pydantic validates and converts. The generated JSON Schema accepts the same documents; tests compare
the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from pydantic import ValidationError

from reconciler.manifest.code_form import CODE_KEYS
from reconciler.manifest.constraints import Form
from reconciler.manifest.fault import Fault
from reconciler.manifest.manifest_form import EITHER, TIMES, ManifestForm
from reconciler.manifest.resources_form import ResourcesForm
from reconciler.manifest.schedule import JSON
from reconciler.manifest.size_limits import MAX_PROBLEMS
from reconciler.manifest.validation_messages import did_you_mean, fault_of

F = TypeVar("F", bound=Form)


def check(value: JSON, form: type[F]) -> F | list[Fault]:
    """The document as typed values, or all faults of its form."""
    try:
        read = form.model_validate(value)
    except ValidationError as error:
        read = None
        faults = [
            fault_of(details, form) for details in error.errors(include_url=False)[:MAX_PROBLEMS]
        ]
    else:
        faults = []
    if form is ManifestForm and isinstance(value, dict):
        faults.extend(_relations(value))
    if faults or read is None:
        return _without_consequences(faults)
    return read


def salvage(value: JSON, faults: Iterable[Fault]) -> ManifestForm | None:
    """A manifest without its faulty keys, so that the remaining ones are checked too.

    Without a valid `timezone`, local times are removed as well. A missing name is made up.
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
    """Without the faults that follow from others: a misspelt key is not also a missing key."""
    meant = {fault.remedy for fault in faults}
    return [
        fault
        for fault in faults
        if not fault.lacks or meant.isdisjoint(did_you_mean(key) for key in fault.lacks)
    ]


def _both(one: str, other: str) -> Fault:
    first, second = sorted((one, other), key=TIMES.index) if one in TIMES else (one, other)
    return Fault(
        path=(second,),
        message=f"both `{first}` and `{second}` are given",
        remedy="keep one of them",
        at_key=True,
    )


def _neither(keys: tuple[str, ...]) -> Fault:
    *most, last = (f"`{key}`" for key in keys)
    if len(most) > 1:
        message = f"none of {', '.join(most)} and {last} is given"
    else:
        message = f"neither {most[0]} nor {last} is given"
    return Fault(path=(), message=message, remedy="add one of them", lacks=keys)


def _relations(manifest: Mapping[str, JSON]) -> Iterator[Fault]:
    """Checks that concern several keys."""
    given = [key for key in TIMES if key in manifest]
    if not given:
        yield _neither(TIMES)
    elif "at" in given and len(given) > 1:
        yield _both("at", next(key for key in given if key != "at"))
    one, other = EITHER
    if one in manifest and other in manifest:
        yield _both(one, other)
    elif one not in manifest and other not in manifest:
        yield _neither(EITHER)
    for key in CODE_KEYS:
        if key in manifest and "code" not in manifest:
            yield Fault(
                path=(key,),
                message=f"`{key}` is allowed with `code` only",
                remedy="write it under `resources`, for the runs of this schedule"
                if key in ResourcesForm.model_fields
                else "remove it: a deployed `function` defines it in its own app",
                at_key=True,
            )
    if "resources" in manifest and "function" not in manifest:
        yield Fault(
            path=("resources",),
            message="`resources` is allowed with `function` only",
            remedy="with `code`, write its keys beside `code`",
            at_key=True,
        )
    if manifest.get("resources") == {}:
        yield Fault(
            path=("resources",),
            message="`resources` is empty",
            remedy=f"give one of {', '.join(ResourcesForm.model_fields)}, or remove it",
        )
