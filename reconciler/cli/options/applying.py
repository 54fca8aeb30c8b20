"""The options of plan and apply, and the commands around an apply."""

from __future__ import annotations

import argparse

from reconciler.cli.options.argument_types import positive
from reconciler.cli.options.common import AddCommand, add_format


def add_reconcile(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``reconcile`` itself."""
    parser.add_argument("--dry-run", action="store_true", help="show the plan, change nothing")
    parser.add_argument("--yes", action="store_true", help="apply without asking")
    parser.add_argument(
        "--detailed-exitcode", action="store_true", help="exit 2 when there are changes"
    )
    parser.add_argument(
        "--allow-deletes",
        type=positive,
        default=0,
        metavar="N",
        help="allow N deletions, also above the threshold",
    )
    parser.add_argument(
        "--allow-older",
        action="store_true",
        help="apply a checkout that may lack live changes: older, diverged or unknown",
    )
    saved = parser.add_mutually_exclusive_group()
    saved.add_argument("--out", metavar="FILE", help="save the plan, to apply it with --plan")
    saved.add_argument("--plan", metavar="FILE", help="apply exactly this saved plan, else refuse")
    parser.add_argument(
        "--at", metavar="COMMIT", help="plan the schedules of this commit, to roll back"
    )
    parser.add_argument(
        "--alternatives",
        action="store_true",
        help="also show what another packing, and one cron fewer or more, would cost",
    )
    parser.add_argument(
        "--against",
        metavar="GITREF",
        help="plan the changes since the branch left this one, offline",
    )
    add_format(parser, "markdown")


def add_applies(add: AddCommand) -> None:
    """Add history, adopt and unlock."""
    history = add("history", "history:main", "list the applies, with their authors and commits")
    history.add_argument(
        "--count", type=positive, default=20, help="list at most this many, the newest (20)"
    )
    add_format(history)

    adopt = add("adopt", "adopt:main", "take over an app that this repository does not manage")
    adopt.add_argument(
        "--from", dest="owner", metavar="REPOSITORY", help="the repository that manages it now"
    )
    adopt.add_argument("--yes", action="store_true", help="adopt without asking")

    unlock = add("unlock", "unlock:main", "release the lease of an apply that has died")
    unlock.add_argument(
        "number", type=positive, metavar="NUMBER", help="the lease's number, from the refusal"
    )
