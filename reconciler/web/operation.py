"""What the OpenAPI document says of an endpoint, written beside its handler."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from pydantic import BaseModel

from reconciler.web.problems import MEDIA_TYPE

Schema: TypeAlias = Mapping[str, Any]

TEXT: Final[Schema] = {"type": "string"}
JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class DescribedAnswer:
    """One answer.

    Attributes:
        schema: of the body; None where it has none.
    """

    meaning: str
    schema: Schema | None = None
    media_type: str = JSON


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of the query, or a header of the request."""

    name: str
    meaning: str
    schema: Schema = field(default_factory=lambda: TEXT)
    place: str = "query"
    required: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """What is said of an endpoint.

    Attributes:
        summary: what it does, in a few words.
        answers: by status; the errors that every endpoint has are added.
        body: the models, one of which the body of the request is; empty where it has none.
    """

    summary: str
    answers: Mapping[int, DescribedAnswer]
    parameters: tuple[Parameter, ...] = ()
    body: tuple[type[BaseModel], ...] = ()
    body_required: bool = True


def problem(meaning: str) -> DescribedAnswer:
    """The answer with an error."""
    return DescribedAnswer(meaning, {"$ref": "#/components/schemas/Problem"}, MEDIA_TYPE)


def has(*required: str, **properties: Schema) -> Schema:
    """The schema of an object with these members at least."""
    members: dict[str, Schema] = {name: {} for name in required} | dict(properties)
    return {"type": "object", "properties": members, "required": list(members)}


def every(schema: Schema) -> Schema:
    """The schema of a list."""
    return {"type": "array", "items": schema}


def nullable(kind: str) -> Schema:
    """The schema of a value of a simple type, or null."""
    return {"type": [kind, "null"]}


LIMIT: Final = Parameter(
    "limit", "Items of a page.", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}
)
CURSOR: Final = Parameter("cursor", "The `cursor` of the page before.")
