"""JSON Schemas over normalised manifests. Imported only where a rule has one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, NamedTuple

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, best_match
from referencing import Registry
from referencing.exceptions import Unresolvable

from reconciler.manifest.fault import Path

IN_PLACE: Final = ("allOf", "anyOf", "oneOf")
_ALONE: Final = ("not", "if", "then", "else")
_PLAIN: Final = frozenset(
    {"type", "properties", "required", "title", "description", "examples", "$comment", "$schema"}
)
_UNKNOWN: Final = None


class SchemaFault(NamedTuple):
    """What is wrong with a schema, and where in it."""

    path: Path
    message: str


class SchemaViolation(NamedTuple):
    """Where a manifest does not satisfy a schema, and why."""

    path: Path
    message: str


@dataclass(frozen=True)
class CompiledSchema:
    """A schema that is valid, and its verdicts on what it has seen."""

    schema: Mapping[str, Any]
    _seen: dict[str, SchemaViolation | None] = field(default_factory=dict, repr=False)

    @cached_property
    def _validator(self) -> Any:
        return Draft202012Validator(self.schema, registry=Registry())

    @cached_property
    def keys(self) -> frozenset[str] | None:
        """The keys of the manifest that it reads; None when it may read all of them."""
        return _keys(self.schema)

    @cached_property
    def facts(self) -> frozenset[str] | None:
        """The computed facts that it reads; None when it may read all of them."""
        return _facts(self.schema)

    def first_error(self, value: Mapping[str, Any]) -> SchemaViolation | None:
        """Why a normalised manifest does not satisfy it; None when it does.

        Manifests that agree in what the schema reads get one verdict: most of 2,000 do.
        """
        part = self._part(value)
        key = json.dumps(part, sort_keys=True, separators=(",", ":"))
        if key not in self._seen:
            self._seen[key] = self._judge(part)
        return self._seen[key]

    def _part(self, value: Mapping[str, Any]) -> Mapping[str, Any]:
        if self.keys is None:
            return value
        part = {key: value[key] for key in self.keys if key in value}
        if "facts" in part and self.facts is not None:
            facts = part["facts"]
            part["facts"] = {name: facts[name] for name in self.facts if name in facts}
        return part

    def _judge(self, value: Mapping[str, Any]) -> SchemaViolation | None:
        error = best_match(self._validator.iter_errors(value))
        if error is None:
            return None
        return SchemaViolation(tuple(error.absolute_path), " ".join(error.message.split())[:200])


def schema_fault(schema: Mapping[str, Any]) -> SchemaFault | None:
    """What makes a schema unusable; None when it is well."""
    try:
        Draft202012Validator.check_schema(schema)
        for path, reference in _references(schema, ()):
            if not reference.startswith("#"):
                return SchemaFault(path, f"`{reference}` is elsewhere, and nothing is fetched")
        list(Draft202012Validator(schema, registry=Registry()).iter_errors({"facts": {}}))
    except SchemaError as error:
        return SchemaFault(tuple(error.absolute_path), " ".join(error.message.split())[:200])
    except Unresolvable as error:
        return SchemaFault((), f"`#{error.ref.lstrip('#')}` is not in the schema")
    except RecursionError:
        return SchemaFault((), "it refers to itself without end")
    return None


def _references(schema: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(schema, Mapping):
        for key, value in schema.items():
            if key in {"$ref", "$dynamicRef"} and isinstance(value, str):
                yield (*path, key), value
            else:
                yield from _references(value, (*path, key))
    elif isinstance(schema, list):
        for index, value in enumerate(schema):
            yield from _references(value, (*path, index))


def _parts(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]] | None:
    """The schemas that apply to the same value, this one first; None where that is not known."""
    found: list[Any] = [schema]
    for part in found:
        if not isinstance(part, Mapping):
            continue  # true and false
        if not part.keys() <= _PLAIN | {*IN_PLACE, *_ALONE}:
            return None
        for key in IN_PLACE:
            found += part.get(key, ())
        found += [part[key] for key in _ALONE if key in part]
    return (part for part in found if isinstance(part, Mapping))


def _keys(schema: Mapping[str, Any]) -> frozenset[str] | None:
    parts = _parts(schema)
    if parts is None:
        return _UNKNOWN
    return frozenset(
        key for part in parts for key in (*part.get("properties", ()), *part.get("required", ()))
    )


def _facts(schema: Mapping[str, Any]) -> frozenset[str] | None:
    parts = _parts(schema)
    if parts is None:
        return _UNKNOWN
    found: set[str] = set()
    for part in parts:
        inner = part.get("properties", {}).get("facts")
        if isinstance(inner, Mapping):
            names = _keys(inner)
            if names is None:
                return _UNKNOWN
            found |= names
    return frozenset(found)
