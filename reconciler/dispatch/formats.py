"""The version that every file and entry of ours bears, and what is said of one that cannot be read.

A reader reads its own version and every older one, and refuses a newer one by name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from reconciler.errors import ReconcileError

FORMAT: Final = 1
"""Of the pointer, the cursor and the runs files."""
REPAIR: Final = "Run reconcile, which repairs it."
"""What helps when somebody removed or changed what is live."""


class FormatError(ReconcileError):
    """A file on the Volume cannot be read as what it should be."""


class GoneError(FormatError):
    """The generation that the pointer names is not on the Volume."""

    def __init__(self, where: str) -> None:
        super().__init__("is gone, and the pointer names it", where=where, remedy=REPAIR)


class NewerFormatError(FormatError):
    """A file on the Volume was written by a newer version of this package."""

    exit_code = 3

    def __init__(self, where: str, found: object, newest: int) -> None:
        super().__init__(
            f"written in format {found}, and this version reads up to format {newest}",
            where=where,
            remedy="Upgrade schedule-reconciler to the version that wrote it, or newer.",
        )


def check_format(header: Mapping[str, Any], where: str, newest: int = FORMAT) -> None:
    """Refuse a file of a newer format by name; every older one is read.

    Raises:
        NewerFormatError: its format is newer than ``newest``.
        FormatError: it names no format.
    """
    found = header.get("format")
    if not isinstance(found, int) or isinstance(found, bool) or found < 1:
        raise FormatError("names no format", where=where)
    if found > newest:
        raise NewerFormatError(where, found, newest)


def json_line(data: Mapping[str, Any]) -> bytes:
    """A line of JSON; equal data has equal bytes."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode() + b"\n"
