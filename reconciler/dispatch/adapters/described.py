"""Somebody else's errors and texts, in one line as records and terminals take it."""

from __future__ import annotations

import re
from typing import Final

from reconciler.redaction import redacted

RESULT_LENGTH: Final = 500
"""Characters of a result or an error that are kept in the history."""

_STYLE: Final = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
"""What colours a terminal, as error texts do that are meant for one."""
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def describe(error: BaseException) -> str:
    """One line about an error that somebody else's code raised, without secrets."""
    text, name = _text_of(error), type(error).__name__
    return in_utf8(f"{name}: {text}" if text else name)[:RESULT_LENGTH]


def described_text(error: BaseException) -> str:
    """The error's own text in one line, its class where it has none; without secrets."""
    return in_utf8(_text_of(error) or type(error).__name__)[:RESULT_LENGTH]


def _text_of(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - its text is somebody else's code too
        return ""
    return redacted(" ".join(_CONTROL.sub(" ", _STYLE.sub("", text)).split()))


def in_utf8(text: str) -> str:
    """A text as files and terminals take it: Python has some that are none of UTF-8, such as the
    names of files that are not."""
    return text.encode("utf-8", "backslashreplace").decode()
