"""The options of ``reconcile cloudflare``."""

from __future__ import annotations

import argparse

from reconciler.cli.options.common import AddCommand, add_common, add_nested


def add_cloudflare(add: AddCommand) -> None:
    """Add cloudflare, with its commands ``export`` and ``adopt``."""
    cloudflare = add("cloudflare", "cloudflare:export", "the Worker that asks for wakes")
    commands = cloudflare.add_subparsers(metavar="COMMAND", required=True)
    export = add_nested(
        commands, "export", "write the Worker as files for wrangler, and deploy nothing"
    )
    add_common(export, argparse.SUPPRESS)
    export.add_argument("folder", metavar="FOLDER", help="where to write them")
    export.add_argument(
        "--url", required=True, help="of the HTTP API, as an apply with `web:` prints it"
    )
    adopt = add_nested(commands, "adopt", "take over a Worker that this repository does not manage")
    adopt.set_defaults(target="cloudflare:adopt")
    add_common(adopt, argparse.SUPPRESS)
    adopt.add_argument(
        "--from", dest="owner", metavar="OWNER", help="who manages it now, as the refusal shows it"
    )
    adopt.add_argument("--yes", action="store_true", help="adopt without asking")
