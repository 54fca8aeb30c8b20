"""JSON files with comments and trailing commas, as wrangler and Vercel read them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from reconciler.errors import ReconcileError

DEEPEST: Final = 200
"""Objects and lists inside one another that are read."""
_STRING_OR_COMMENT: Final = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?\*/', re.DOTALL)
_PLACE: Final = re.compile(r"near (\d+)")


def read_json_object(text: str) -> Mapping[str, Any]:
    """The object that a file holds.

    Raises:
        ReconcileError: it cannot be read, or holds something else.
    """
    try:
        document = _loaded(text)
    except RecursionError as error:
        raise ReconcileError("is nested too deeply") from error
    if not isinstance(document, dict):
        raise ReconcileError("is not a JSON object")
    return document


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        pass
    import pyjson5  # only a file with comments needs it

    try:
        return pyjson5.decode(text, DEEPEST)
    except pyjson5.Json5NestingTooDeep as error:
        raise ReconcileError("is nested too deeply") from error
    except pyjson5.Json5DecoderException as error:
        found = _PLACE.search(str(error))
        line = text.count("\n", 0, int(found[1]) - 1) + 1 if found and int(found[1]) else 1
        if isinstance(error, pyjson5.Json5EOF):
            what = "what begins here has no end"
        elif isinstance(error, pyjson5.Json5ExtraData):
            what = "text follows the end of the object"
        else:
            what = f"`{error.args[-1]}` is not expected here"
        raise ReconcileError(f"is not JSON: line {line}: {what}") from error


class StringLines:
    """The lines on which string values stand, since the parsers give no positions."""

    def __init__(self, strings: Iterator[tuple[str, int]]) -> None:
        """Take the values in their order, each with its line from 1."""
        self._lines: dict[str, list[int]] = {}
        for value, line in strings:
            self._lines.setdefault(value, []).append(line)

    @classmethod
    def of_json(cls, text: str) -> StringLines:
        """The strings of a JSON file that are not in a comment."""
        return cls(_json_strings(text))

    def next_of(self, value: str) -> int:
        """The line of the value, and each time that of the next one; 0 when there is none."""
        lines = self._lines.get(value)
        return lines.pop(0) if lines else 0


def _json_strings(text: str) -> Iterator[tuple[str, int]]:
    line, end = 1, 0
    for found in _STRING_OR_COMMENT.finditer(text):
        line += text.count("\n", end, found.start())
        end = found.start()
        if found.group().startswith('"'):
            try:
                yield json.loads(found.group()), line
            except ValueError:
                continue
