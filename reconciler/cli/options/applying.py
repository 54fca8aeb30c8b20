"""The options of plan and apply, and the commands around an apply."""

from __future__ import annotations

import argparse

from reconciler.cli.options.argument_types import positive
from reconciler.cli.options.common import AddCommand, add_format


def add_reconcile(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``reconcile`` itself."""
    parser.add_argument("--dry-run", action="store_true", help="show the plan, change nothing")
    parser.add_argument("--yes", action="store_true", help="apply without asking")
    saved = parser.add_mutually_exclusive_group()
    _add_out(saved)
    _add_plan(saved)
    _add_against(parser)
    _add_shared(parser)


def add_plan_and_apply(add: AddCommand) -> None:
    """Add plan and apply: ``--dry-run`` and ``--yes`` of ``reconcile`` itself.

    What is left out on their own command line is what ``reconcile`` itself was given before it.
    """
    plan = add("plan", "reconcile:main", "show what an apply would change, change nothing")
    plan.set_defaults(dry_run=True)
    _add_out(plan, argparse.SUPPRESS)
    _add_against(plan, argparse.SUPPRESS)
    _add_shared(plan, argparse.SUPPRESS)

    apply = add("apply", "reconcile:main", "plan and apply without asking")
    apply.set_defaults(yes=True)
    _add_plan(apply, argparse.SUPPRESS)
    _add_shared(apply, argparse.SUPPRESS)


def _add_out(parser: argparse._ActionsContainer, default: str | None = None) -> None:
    parser.add_argument(
        "--out", metavar="FILE", default=default, help="save the plan, to apply it with --plan"
    )


def _add_plan(parser: argparse._ActionsContainer, default: str | None = None) -> None:
    parser.add_argument(
        "--plan", metavar="FILE", default=default, help="apply exactly this saved plan, else refuse"
    )


def _add_against(parser: argparse.ArgumentParser, default: str | None = None) -> None:
    parser.add_argument(
        "--against",
        metavar="GITREF",
        default=default,
        help="plan the changes since the branch left this one, offline",
    )


def _add_shared(parser: argparse.ArgumentParser, default: str | None = None) -> None:
    """Add what plan and apply both take.

    Args:
        default: None for the defaults of ``reconcile`` itself; SUPPRESS for a command.
    """
    flag = False if default is None else default
    parser.add_argument(
        "--detailed-exitcode", action="store_true", default=flag, help="exit 2 if there are changes"
    )
    parser.add_argument(
        "--allow-deletes",
        type=positive,
        default=default or 0,
        metavar="N",
        help="allow N deletions, also above the threshold",
    )
    parser.add_argument(
        "--allow-older",
        action="store_true",
        default=flag,
        help="apply a checkout that may lack live changes: older, diverged or unknown",
    )
    parser.add_argument(
        "--at",
        metavar="COMMIT",
        default=default,
        help="plan the schedules of this commit, to roll back",
    )
    parser.add_argument(
        "--alternatives",
        action="store_true",
        default=flag,
        help="also show what another packing, and one cron fewer or more, would cost",
    )
    add_format(parser, "markdown", "sarif", default=default or "text")


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
