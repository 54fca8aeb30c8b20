"""The functions of the app that serves the HTTP API."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

SETTINGS_VARIABLE: Final = "RECONCILE_WEB"
"""JSON: the environment that is shown, and what the API allows."""


def serve() -> Any:
    """The ASGI application.

    A deploy needs this function and not what it imports, which is in the container.
    """
    return import_module("reconciler.web.deployed").web()


def serve_hooks() -> Any:
    """The ASGI application of wakes and triggers alone."""
    return import_module("reconciler.web.deployed").hooks()
