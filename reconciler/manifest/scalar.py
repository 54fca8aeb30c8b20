"""Resolves unquoted YAML scalars by the rules of YAML 1.2.

PyYAML follows YAML 1.1, in which `on` is true, `12:30` is 750 and `2026-12-01` is a date object.
Editors and the schema follow YAML 1.2, whose core schema has null, booleans, integers and floats;
everything else is text. Spellings that the two versions read as different numbers are refused.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache

from reconciler.manifest.size_limits import MAX_INTEGER

_WORDS: dict[str, bool | None] = {
    "": None,
    "~": None,
    **dict.fromkeys(("null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_LONGEST_WORD = max(map(len, _WORDS))
_LONGEST_KEPT = 50
_NUMBER = re.compile(
    r"(?P<octal_looking>[-+]?0[0-9]+)"
    r"|(?P<not_finite>[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))"
    r"|(?P<integer>[-+]?[0-9]+)"
    r"|(?P<other_base>0o[0-7]+|0x[0-9a-fA-F]+)"
    r"|(?P<float>[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?)"
)
"""The first form that a text has counts."""
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
    if text and text[0].isalpha() and len(text) > _LONGEST_WORD:
        return text
    return _resolved(text) if len(text) <= _LONGEST_KEPT else _number(text)


@lru_cache(maxsize=4096)
def _resolved(text: str) -> bool | int | float | str | None:
    """The same of a short one: manifests repeat the same few."""
    return _WORDS[text] if text in _WORDS else _number(text)


def _number(text: str) -> int | float | str:
    found = _NUMBER.fullmatch(text)
    if found is None:
        return text
    forms = found.groupdict()
    if forms["octal_looking"]:
        raise ScalarError(
            f"some YAML parsers read `{_shortened(text)}` as octal, others as decimal",
            f'quote it if it is text: "{_shortened(text)}"; remove the leading zeros if it is a '
            "number",
        )
    if forms["not_finite"]:
        raise ScalarError(f"JSON has no number `{text}`", f'quote it if it is text: "{text}"')
    if forms["integer"]:
        return _integer(text, 10)
    if forms["other_base"]:
        return _integer(text, 0)
    number = float(text)
    if math.isinf(number):
        raise _too_large(text)
    return number


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
