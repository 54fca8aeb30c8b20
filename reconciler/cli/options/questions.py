"""The commands that ask about live state."""

from __future__ import annotations

import argparse
from typing import Final

from reconciler.cli.options.argument_types import label, positive, time
from reconciler.cli.options.common import TIME_HELP, AddCommand, add_format
from reconciler.query.reach import FAR_DAYS, USUAL_DAYS

STATES: Final = (
    "missed",
    "overdue",
    "failed",
    "timed-out",
    "long-run",
    "drift",
    "waiting",
    "running",
    "skipped",
    "suspended",
    "cancelled",
    "no-run-yet",
    "unknown",
    "succeeded",
)
"""The states of a schedule, as ``query.status`` has them: parsing loads none of its modules."""


SORT_KEYS: Final = ("name", "state", "last", "duration", "next", "owner")
"""By what schedules are sorted, as ``query.ordering`` has it."""


def add_questions(add: AddCommand) -> None:
    """Add status, list, show, runs, logs, explain and doctor."""
    status = add("status", "status:main", "show the last and next run of every schedule")
    status.add_argument("--all", dest="everything", action="store_true", help="list all schedules")
    _add_filter(status)
    add_format(status)

    listing = add("list", "list_:main", "list the live schedules, a line each")
    listing.add_argument(
        "--sort",
        choices=SORT_KEYS,
        default=SORT_KEYS[0],
        metavar="KEY",
        help=f"in which order: {', '.join(SORT_KEYS)} ({SORT_KEYS[0]})",
    )
    _add_filter(listing)
    add_format(listing)

    show = add("show", "show:main", "show one schedule with its next occurrences and last runs")
    show.add_argument("name", metavar="NAME")
    add_format(show)

    runs = add("runs", "runs:main", "list the runs of the last days with their outcomes")
    runs.add_argument(
        "name",
        nargs="?",
        metavar="NAME[@TIME]",
        help=f"only this schedule, or one run in detail: {TIME_HELP}",
    )
    runs.add_argument("--failed", action="store_true", help="only failed and missed runs")
    runs.add_argument(
        "--since",
        type=time,
        metavar="TIME",
        help=f"only runs that a wake recorded at or after this time: {TIME_HELP}",
    )
    runs.add_argument(
        "--days",
        type=positive,
        help=f"days of history to read ({USUAL_DAYS}; back to --since; {FAR_DAYS} for one run)",
    )
    runs.add_argument(
        "--count", type=positive, default=100, help="list at most this many, the newest (100)"
    )
    add_format(runs)

    logs = add("logs", "logs:main", "show what a run printed")
    logs.add_argument(
        "name", metavar="NAME[@TIME]", help=f"one run; of a name alone, the newest: {TIME_HELP}"
    )
    logs.add_argument(
        "--follow", action="store_true", help="while it runs, print its output as it comes"
    )
    logs.add_argument("--days", type=positive, help=f"days of history to read ({FAR_DAYS})")
    add_format(logs)

    explain = add(
        "explain", "explain:main", "explain why a schedule ran, or did not run, last or at a time"
    )
    explain.add_argument("name", metavar="NAME", help="the name of a schedule, or the id of a task")
    explain.add_argument(
        "time",
        nargs="?",
        type=time,
        metavar="TIME",
        help=f"{TIME_HELP} (the last and the next); not for a task",
    )
    explain.add_argument(
        "--days", type=positive, default=FAR_DAYS, help=f"days of history to read ({FAR_DAYS})"
    )
    add_format(explain)

    doctor = add("doctor", "doctor:main", "check that everything that commands need is there")
    doctor.add_argument(
        "--probe",
        action="store_true",
        help="measure on a scratch app, which is deleted, what Modal does not document",
    )
    doctor.add_argument(
        "--out", metavar="FILE", help="where --probe writes what it found (probe.json)"
    )
    add_format(doctor)


def _add_filter(command: argparse.ArgumentParser) -> None:
    command.add_argument("--owner", metavar="NAME", help="list only the schedules of this owner")
    command.add_argument(
        "--label",
        action="append",
        type=label,
        default=[],
        metavar="NAME[=VALUE]",
        help="list only the schedules with this label",
    )
    command.add_argument(
        "--state",
        action="append",
        choices=STATES,
        default=[],
        metavar="STATE",
        help=f"list the schedules in this state only: {', '.join(STATES)}",
    )
