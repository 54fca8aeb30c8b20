"""How the models of manifest and settings say what they expect, in our words and in the schema's.

pydantic's own messages ("Input should be a valid string") are replaced where they arise, so that
none can leak; `sentence` puts them together.
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
"""The error type that carries an expectation; its context has `what`, `choices`, `quotable`,
`private`."""

VERDICT: Final = "verdict"
"""The error type whose context says, in `what`, what is the matter with the value."""

FORMS: Final = frozenset({"<usual>", "<mapping>", "<list>", "<text>", "<flag>", "<secret>"})
"""The tags by which keys that can be written in several ways tell them apart."""


class Form(BaseModel):
    """A mapping that people write: known keys only, no value is converted to another type."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


@dataclass(frozen=True, slots=True)
class Expected:
    """Says of a value, whatever is wrong with it, what it must be.

    Args:
        what: completes the sentence "`key` must be …".
        quotable: a number would be all right if it were in quotes.
        private: what is written is not repeated: it may be a secret.
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
    """Annotates an enum: its texts are written, its members are read."""

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
    """Annotates an int: the least and the most that it may be.

    Args:
        or_else: what may be written instead, to complete "must be a whole number from … to …".
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
    """The key may be left out, and is None then; written without a value it is an error.

    Annotates `T | None`. Plain optional fields would accept `timezone:` with nothing behind it,
    which is nearly always a line that was not finished.
    """

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        kinds = tuple(kind for kind in get_args(source) if kind is not NoneType)
        return handler(kinds[0] if len(kinds) == 1 else Union[kinds])  # noqa: UP007 - at run time


def verdict(what: str) -> PydanticCustomError:
    """To be raised by a validator: completes the sentence "`key` …"."""
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
    """JSON Schema counts 3.0 as an integer, so the models do."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
