"""Resolves unquoted YAML scalars by the rules of YAML 1.2.

PyYAML follows YAML 1.1, in which `on` is true, `12:30` is 750 and `2026-12-01` is a date object.
Editors and the schema follow YAML 1.2, whose core schema has null, booleans, integers and floats;
everything else is text. Spellings that the two versions read as different numbers are refused.
"""

from __future__ import annotations

import math
import re

from reconciler.manifest.size_limits import MAX_INTEGER

_WORDS: dict[str, bool | None] = {
    "": None,
    "~": None,
    **dict.fromkeys(("null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_LONGEST_WORD = max(map(len, _WORDS))
_NUMBER_START = frozenset("0123456789+-.")
_INTEGER = re.compile(r"[-+]?[0-9]+")
_OTHER_BASE = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_OCTAL_LOOKING = re.compile(r"[-+]?0[0-9]+")
_LONGEST_INTEGER = len(str(MAX_INTEGER)) + 1


class ScalarError(ValueError):
    """An unquoted scalar that YAML parsers read differently, or that JSON cannot represent."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


def resolve(text: str) -> bool | int | float | str | None:
    """The value of an unquoted scalar.

    Raises:
        ScalarError: YAML parsers read it as different values, or JSON cannot represent it.
    """
    if len(text) <= _LONGEST_WORD and text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMBER_START:
        return text
    return _number(text)


def _number(text: str) -> int | float | str:
    if _OCTAL_LOOKING.fullmatch(text):
        raise ScalarError(
            f"some YAML parsers read `{_shortened(text)}` as octal, others as decimal",
            f'quote it if it is text: "{_shortened(text)}"; remove the leading zeros if it is a '
            "number",
        )
    if _NOT_FINITE.fullmatch(text):
        raise ScalarError(f"JSON has no number `{text}`", f'quote it if it is text: "{text}"')
    if _INTEGER.fullmatch(text):
        return _integer(text, 10)
    if _OTHER_BASE.fullmatch(text):
        return _integer(text, 0)
    if _FLOAT.fullmatch(text):
        number = float(text)
        if math.isinf(number):
            raise _too_large(text)
        return number
    return text


def _integer(text: str, base: int) -> int:
    # The length is checked first: Python is slow to convert very long texts, or refuses to.
    if len(text) > 2 + _LONGEST_INTEGER and base == 10:
        raise _too_large(text)
    number = int(text, base)
    if abs(number) > MAX_INTEGER:
        raise _too_large(text)
    return number


def _too_large(text: str) -> ScalarError:
    return ScalarError(
        f"the number `{_shortened(text)}` is too large",
        "quote it if it is text; numbers have at most 64 bits",
    )


def _shortened(text: str) -> str:
    return text if len(text) <= 24 else f"{text[:23]}…"
