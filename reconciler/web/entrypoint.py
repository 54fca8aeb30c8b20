"""The functions of the app that serves the HTTP API.

A deploy needs these functions, and not what they import, which is in the container.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from reconciler.plan.web_app import FUNCTION, HOOKS


def serve() -> Any:
    """The ASGI application."""
    from reconciler.web.deployed import web

    return web()


def serve_hooks() -> Any:
    """The ASGI application of wakes and triggers alone."""
    from reconciler.web.deployed import hooks

    return hooks()


ENDPOINTS: Final[Mapping[str, Callable[[], Any]]] = {FUNCTION: serve, HOOKS: serve_hooks}
"""By the name under which they are deployed."""
