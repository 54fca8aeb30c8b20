"""The name of a deployed function."""

from __future__ import annotations

from typing import Final

HOW_TO_NAME: Final = "Write it as app/function, or app/Class.method."


def parse_target(function: object) -> tuple[str, str] | None:
    """The app and the function, or ``Class.method``, of ``app/function``; None if malformed."""
    if not isinstance(function, str):
        return None
    app, _, name = function.partition("/")
    return (app, name) if app and name and "/" not in name else None
