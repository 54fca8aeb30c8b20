"""The commands that run in GitHub Actions."""

from __future__ import annotations

import argparse
from typing import Final

from reconciler.cli.options.common import add_common, add_nested

_PRINTED: Final = "the output of --format markdown"


def add_github(parser: argparse.ArgumentParser) -> None:
    """Add comment, drift and reviewed."""
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    comment = add_nested(commands, "comment", "write or update the pull request's comment")
    comment.set_defaults(target="github:comment")
    body = comment.add_mutually_exclusive_group(required=True)
    body.add_argument(
        "--untouched",
        action="store_true",
        help="update an existing comment to say that the pull request changes no schedule",
    )
    body.add_argument(
        "--cancelled",
        action="store_true",
        help="update an existing comment to say that the plan was cancelled",
    )
    drift = add_nested(commands, "drift", "open, update or close the issue about drift")
    drift.add_argument(
        "--code", type=int, required=True, choices=[0, 2, 3], help="exit code of the dry run"
    )
    drift.set_defaults(target="github:drift")
    reviewed = add_nested(
        commands, "reviewed", "check that a plan equals that of the merged pull request's comment"
    )
    reviewed.add_argument(
        "--offline", metavar="FILE", help="the merge's plan, as --against printed it"
    )
    reviewed.set_defaults(target="github:reviewed")
    body.add_argument("--file", help=_PRINTED)
    for command in (drift, reviewed):
        command.add_argument("--file", required=True, help=_PRINTED)
    for command in (comment, drift, reviewed):
        add_common(command, argparse.SUPPRESS)
