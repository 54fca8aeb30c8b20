"""How a deployed function is named."""

from __future__ import annotations

from typing import Final

HOW_TO_NAME: Final = "Name it as app/function, or app/Class.method."


def parse_target(function: object) -> tuple[str, str] | None:
    """The app and the function, or ``Class.method``, of ``app/function``; None for all else."""
    if not isinstance(function, str):
        return None
    app, _, name = function.partition("/")
    return (app, name) if app and name and "/" not in name else None
