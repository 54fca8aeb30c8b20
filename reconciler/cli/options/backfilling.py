"""The command ``backfill``."""

from __future__ import annotations

from reconciler.cli.options.argument_types import positive
from reconciler.cli.options.common import AddCommand, add_format

ACTIONS = ("list", "show", "pause", "resume", "cancel")
_ZONE = (
    "in the schedule's zone unless it has an offset: 2026-10-24 (its midnight), "
    "2026-10-24T06:00, yesterday, 07:50, now"
)


def add_backfill(add: AddCommand) -> None:
    """Add backfill."""
    backfill = add(
        "backfill",
        "backfill:main",
        "run occurrences of the past: those of a range that were missed, or that failed",
    )
    backfill.usage = (
        "reconcile backfill NAME --from TIME --to TIME [options]\n"
        "       reconcile backfill list\n"
        "       reconcile backfill show|pause|resume|cancel DIGEST"
    )
    backfill.add_argument("words", nargs="*", metavar="NAME", help="a schedule, or an action")
    backfill.add_argument(
        "--from", dest="first", metavar="TIME", help=f"the first minute of the range, {_ZONE}"
    )
    backfill.add_argument(
        "--to", dest="until", metavar="TIME", help="the first minute that no longer belongs to it"
    )
    backfill.add_argument(
        "--only",
        choices=("missed", "failed", "doubtful", "all"),
        default="missed",
        help="which occurrences run: missed, those that certainly did not start; failed; doubtful, "
        "those that may have started; all, each once more (missed)",
    )
    backfill.add_argument(
        "--parallel", type=positive, default=1, metavar="N", help="runs at the same time (1)"
    )
    backfill.add_argument("--reverse", action="store_true", help="start the newest first")
    backfill.add_argument(
        "--allow", type=positive, default=0, metavar="N", help="allow N runs, also more than 500"
    )
    saved = backfill.add_mutually_exclusive_group()
    saved.add_argument("--dry-run", action="store_true", help="show the plan, start nothing")
    saved.add_argument("--out", metavar="FILE", help="save the plan, to start it with --plan")
    saved.add_argument("--plan", metavar="FILE", help="start exactly this saved plan, else refuse")
    backfill.add_argument("--yes", action="store_true", help="start it without asking")
    backfill.add_argument(
        "--kill", action="store_true", help="with cancel: also end the runs that are running"
    )
    add_format(backfill)
