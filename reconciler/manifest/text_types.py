"""The types of text and list in manifests and settings."""

from __future__ import annotations

import re
from typing import Annotated, TypeAlias, TypeVar

from pydantic import AfterValidator, Field

from reconciler.durations import DURATION_PATTERN
from reconciler.manifest.constraints import Expected, verdict

NAME_PATTERN = "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"
RESERVED_NAME_PATTERN = "^poller(-[0-9]+)?$"
IDENTIFIER_PATTERN = "^[A-Za-z_][A-Za-z0-9_]*$"
MODAL_NAME_PATTERN = "^[A-Za-z0-9._-]+$"
RELATIVE_PATH_PATTERN = "^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$"

T = TypeVar("T")


_RESERVED_NAME = re.compile(RESERVED_NAME_PATTERN)


def is_reserved(name: str) -> bool:
    """Whether this name is reserved for shared slots."""
    return _RESERVED_NAME.fullmatch(name) is not None


def _distinct(values: list[T]) -> list[T]:
    seen: set[T] = set()
    for value in values:
        if value in seen:
            named = f"`{value[:60]}`" if isinstance(value, str) else "an item"
            raise verdict(f"contains {named} twice")
        seen.add(value)
    return values


def _without_nul(value: str) -> str:
    if "\0" in value:
        raise verdict("contains the character NUL, which no process can be given")
    return value


Name: TypeAlias = Annotated[
    str,
    Field(pattern=NAME_PATTERN, max_length=50),
    Expected("at most 50 lower-case letters, digits and inner hyphens", quotable=True),
]
Duration: TypeAlias = Annotated[
    str,
    Field(pattern=DURATION_PATTERN, min_length=2),
    Expected("a duration such as 90s, 10m, 1h30m or 1d"),
]
Zone: TypeAlias = Annotated[
    str,
    Field(pattern="^[A-Za-z][A-Za-z0-9_+/-]*$", max_length=64),
    Expected("an IANA time zone such as Europe/Paris"),
]
Times: TypeAlias = Annotated[
    str,
    Field(min_length=1, max_length=200),
    Expected("a cron expression, or an interval such as 10m, 6h, 1d or 2w"),
]
Moment: TypeAlias = Annotated[
    str,
    Field(
        pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:00)?(Z|[+-][0-9]{2}:[0-9]{2})?$"
    ),
    Expected("a time of a whole minute such as 2026-12-01T09:00Z or 2026-12-01T09:00"),
]
DayOrMoment: TypeAlias = Annotated[
    str,
    Field(
        pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}"
        "([T ][0-9]{2}:[0-9]{2}(:00)?(Z|[+-][0-9]{2}:[0-9]{2})?)?$"
    ),
    Expected("a date such as 2026-12-01, or a time such as 2026-12-01T09:00Z"),
]
ModalName: TypeAlias = Annotated[
    str,
    Field(pattern=MODAL_NAME_PATTERN, max_length=64),
    Expected(
        "a name as Modal accepts it: letters, digits, `.`, `_` and `-`, at most 64", quotable=True
    ),
]
Identifier: TypeAlias = Annotated[
    str,
    Field(pattern=IDENTIFIER_PATTERN),
    Expected("a Python name: letters, digits and `_`, not beginning with a digit"),
]
RelativePath: TypeAlias = Annotated[
    str,
    Field(pattern=RELATIVE_PATH_PATTERN, max_length=200),
    Expected("a relative path with forward slashes"),
]
Text: TypeAlias = Annotated[
    str,
    Field(min_length=1, max_length=1000),
    Expected("text of 1 to 1000 characters", quotable=True),
    AfterValidator(_without_nul),
]
Value: TypeAlias = Annotated[
    str,
    Field(max_length=1000),
    Expected("text of at most 1000 characters", quotable=True),
    AfterValidator(_without_nul),
]
Flag: TypeAlias = Annotated[bool, Expected("true or false")]
Distinct: TypeAlias = Annotated[
    list[T],
    Field(min_length=1, json_schema_extra={"uniqueItems": True}),
    AfterValidator(_distinct),
]
