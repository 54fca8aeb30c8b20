"""The options of ``reconcile dashboard``. Parsing loads nothing of the application."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from reconciler.cli.options.common import AddCommand, add_nested

SCOPES: Final = ("calendar", "jobs", "read", "trigger", "wake")
"""The scopes of tokens, as ``web.auth.principal`` has them."""


def add_dashboard(add: AddCommand) -> None:
    """Add dashboard, with its command ``token``."""
    dashboard = add("dashboard", "dashboard:serve", "serve the dashboard and the API on 127.0.0.1")
    dashboard.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (a free one)")
    dashboard.add_argument(
        "--no-browser", dest="browser", action="store_false", help="open no browser"
    )
    dashboard.add_argument(
        "--out", type=Path, metavar="DIR", help="write the pages into this folder instead, and end"
    )
    commands = dashboard.add_subparsers(metavar="COMMAND")
    token = add_nested(commands, "token", "make a token for the deployed API")
    token.set_defaults(target="dashboard:token")
    token.add_argument("name", metavar="NAME", help="what it is for, such as grafana")
    token.add_argument(
        "--scope",
        action="append",
        required=True,
        choices=SCOPES,
        metavar="SCOPE",
        help=f"what it allows, one or several: {', '.join(SCOPES)}",
    )
    token.add_argument(
        "--webhook", action="store_true", help="a key that signs messages (Standard Webhooks)"
    )
