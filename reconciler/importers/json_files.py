"""JSON files with comments and trailing commas, as wrangler and Vercel read them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from reconciler.errors import ReconcileError

_STRING_OR_COMMENT: Final = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?\*/', re.DOTALL)


def read_json_object(text: str) -> Mapping[str, Any]:
    """The object that a file holds.

    Raises:
        ReconcileError: it cannot be read, or holds something else.
    """
    try:
        document = _loaded(text)
    except ValueError as error:
        raise ReconcileError(f"is not JSON: {_reason(error)}") from error
    except RecursionError as error:
        raise ReconcileError("is nested too deeply") from error
    if not isinstance(document, dict):
        raise ReconcileError("is not a JSON object")
    return document


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        import json5  # slower by far, and only a file with comments needs it

        return json5.loads(text)


def _reason(error: ValueError) -> str:
    """In one line. The parser with comments begins its text with ``<string>:LINE``."""
    return " ".join(re.sub(r"^<string>:(\d+)", r"line \1:", str(error)).split())


def line_of_string(text: str, value: str, occurrence: int = 0) -> int:
    """The line, from 1, on which a string value stands; 0 when no string says it plainly.

    Args:
        occurrence: which of several such strings, from 0. The parsers give no positions.
    """
    for found in _STRING_OR_COMMENT.finditer(text):
        if found.group() == json.dumps(value, ensure_ascii=False):
            if not occurrence:
                return text.count("\n", 0, found.start()) + 1
            occurrence -= 1
    return 0
