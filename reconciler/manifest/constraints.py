"""Annotations of the forms: what a value must be, for the schema and for messages.

They replace pydantic's own messages ("Input should be a valid string"), so that none reaches a
user; `validation_messages` composes the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import NoneType
from typing import Any, Final, Union, get_args

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

EXPECTED: Final = "expected"
"""The error type for a value that is not as expected. Its context has `what`, `choices`,
`quotable` and `private`."""

VERDICT: Final = "verdict"
"""The error type for a value that a validator refuses. Its context has `what`, the reason."""

FORMS: Final = frozenset(
    {
        *("<usual>", "<mapping>", "<list>", "<text>", "<flag>"),
        *("<secret>", "<env>", "<holidays>", "<email>"),
    }
)
"""The tags of the forms of keys that can be written in several ways."""


class Form(BaseModel):
    """A mapping in a manifest or the settings: known keys only, no type conversion."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


@dataclass(frozen=True, slots=True)
class Expected:
    """The message for any invalid value of a key.

    Args:
        what: completes the sentence "`key` must be …".
        quotable: a number would be valid if it were in quotes.
        private: messages do not quote the value, because it may be a secret.
    """

    what: str
    quotable: bool = False
    private: bool = False

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return _expecting(handler(source), self.what, quotable=self.quotable, private=self.private)


@dataclass(frozen=True, slots=True)
class Choice:
    """Annotates an enum: manifests contain its values, forms its members."""

    def __get_pydantic_core_schema__(
        self, source: type[StrEnum], _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        texts = [member.value for member in source]
        schema = core_schema.no_info_after_validator_function(
            source, core_schema.literal_schema(texts)
        )
        *most, last = (f"`{text}`" for text in texts)
        return _expecting(schema, f"{', '.join(most)} or {last}", choices=texts)


@dataclass(frozen=True, slots=True)
class Whole:
    """Annotates an int with its least and greatest value.

    Args:
        or_else: an alternative that completes "must be a whole number from … to …".
    """

    least: int
    most: int
    or_else: str = ""

    def __get_pydantic_core_schema__(
        self, source: type[int], _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        schema = core_schema.no_info_before_validator_function(
            _whole, core_schema.int_schema(ge=self.least, le=self.most, strict=True)
        )
        return _expecting(schema, f"a whole number from {self.least} to {self.most}{self.or_else}")


@dataclass(frozen=True, slots=True)
class Omittable:
    """Annotates `T | None`: the key may be absent, but not empty.

    Plain optional fields would accept `timezone:` without a value, which is nearly always an
    unfinished line.
    """

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        kinds = tuple(kind for kind in get_args(source) if kind is not NoneType)
        return handler(kinds[0] if len(kinds) == 1 else Union[kinds])  # noqa: UP007 - at run time


def verdict(what: str) -> PydanticCustomError:
    """The error for a validator to raise. `what` completes the sentence "`key` …"."""
    return PydanticCustomError(VERDICT, "{what}", {"what": what})


def _expecting(
    schema: CoreSchema,
    what: str,
    *,
    choices: Sequence[str] = (),
    quotable: bool = False,
    private: bool = False,
) -> CoreSchema:
    return core_schema.custom_error_schema(
        schema,
        custom_error_type=EXPECTED,
        custom_error_message="must be {what}",
        custom_error_context={
            "what": what,
            "choices": "|".join(choices),
            "quotable": int(quotable),
            "private": int(private),
        },
    )


def _whole(value: Any) -> Any:
    """Convert 3.0 to 3: JSON Schema counts it as an integer."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
