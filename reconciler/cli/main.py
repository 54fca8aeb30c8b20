"""The command line: parse, call, print, exit code. Commands are loaded when they are called."""

from __future__ import annotations

import argparse
import gc
import importlib
import inspect
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NoReturn

from reconciler import __version__
from reconciler.cli.argument_types import argument, crons, label, positive, time
from reconciler.cli.dashboard_options import add_dashboard_options
from reconciler.cli.signals import heed_signals, ignore_signals, number_of
from reconciler.cli.times import with_offsets
from reconciler.disk import disk_problem
from reconciler.errors import ReconcileError, StoppedError
from reconciler.foreign_text import on_one_line
from reconciler.query.reach import FAR_DAYS, USUAL_DAYS
from reconciler.requirement import broken_modal, require_modal
from reconciler.streams import OutputClosedError, OutputError, guard_streams

BROKEN_PIPE = 141

COLLECT: Final = (50_000, 20, 100)
"""Thresholds of the garbage collector. A plan of 10,000 schedules creates millions of objects, few
of them in cycles; with the default thresholds the collector would scan them repeatedly."""
STATES = (
    "missed",
    "overdue",
    "failed",
    "timed-out",
    "waiting",
    "running",
    "suspended",
    "cancelled",
    "no-run-yet",
    "unknown",
    "succeeded",
)
"""The states of a schedule, as ``query.status`` has them: parsing loads none of its modules."""
_TIME_HELP = "ISO 8601, in UTC unless it has an offset"
_GITHUB_HELP = "in GitHub Actions: the comment on a pull request, and the issue about drift"
_ENGINE_HELP = "run the embedded Modal in the foreground, or a command pointed at it"


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """The entry point of ``reconcile``."""
    guard_streams()
    heed_signals()
    gc.set_threshold(*COLLECT)
    sys.exit(call(arguments))


def call(arguments: Sequence[str] | None) -> int:
    """Parse and run a command; every failure becomes a message and an exit code."""
    environment: str | None = None
    try:
        try:
            args = _parser().parse_args(arguments)
        finally:
            sys.stdout.flush()  # of --help
        given = vars(args)
        environment = given.get("env")
        _require_folder()
        require_modal()
        module, _, function = given.pop("target").partition(":")
        command: Callable[..., int] = getattr(
            importlib.import_module(f"reconciler.cli.{module}"), function
        )
        code = command(**_accepted(command, with_offsets(given)))
        sys.stdout.flush()
    except ReconcileError as error:
        return _fail(error.message_for(environment), error.exit_code)
    except KeyboardInterrupt as stop:
        ignore_signals()
        stopped = StoppedError("no lease is held").by(number_of(stop))
        return _fail(str(stopped), stopped.exit_code)
    except OutputClosedError:
        return BROKEN_PIPE
    except ImportError as error:
        unusable = broken_modal(error)
        return _unexpected(error) if unusable is None else _fail(unusable.message_for(None), 1)
    except Exception as error:  # noqa: BLE001 - the last resort: no traceback reaches a user
        return _unexpected(error)
    return code


def _accepted(command: Callable[..., int], given: dict[str, Any]) -> dict[str, Any]:
    """The arguments that a command takes: the options of ``reconcile`` itself are there always."""
    parameters = inspect.signature(command).parameters
    if any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters.values()):
        return given
    return {name: given[name] for name in parameters}


def _require_folder() -> None:
    """Refuse a current folder that no longer exists or that this user may not read."""
    try:
        Path.cwd()
    except OSError as error:
        raise ReconcileError(
            f"the current folder cannot be read: {(error.strerror or 'unknown reason').lower()}",
            remedy="It may have been deleted. Change to a folder that exists.",
        ) from error


def _fail(message: str, code: int) -> int:
    from reconciler.redaction import redacted

    # The terminal may have been closed, which stopped the command; or the disk is full.
    with suppress(OSError, OutputError):
        print(redacted(f"reconcile: {message}"), file=sys.stderr, flush=True)
    return code


def _unexpected(error: Exception) -> int:
    if os.environ.get("RECONCILER_TRACEBACK"):
        raise error
    text = on_one_line(" ".join(str(error).split()))
    if type(error).__name__ == "UnavailableError":
        message = f"Modal did not answer: {text}\n  Nothing is lost; run it again."
    elif isinstance(error, MemoryError):
        message = "not enough memory\n  Give the process more memory, then run it again."
    elif isinstance(error, OSError) and (problem := disk_problem(error)) is not None:
        place = f"{error.filename}: " if error.filename else ""
        message = f"{place}{problem}\n  Solve that, then run it again."
    else:
        message = (
            f"unexpected {type(error).__name__}: {text}\n  This is a defect. Set "
            "RECONCILER_TRACEBACK=1 to see where, and report it."
        )
    return _fail(message, 1)


class _Parser(argparse.ArgumentParser):
    """Exits with 1 on wrong usage; argparse's exit code 2 would mean that there are changes."""

    def error(self, message: str) -> NoReturn:
        self.exit(1, f"{self.prog}: {message}\n  See {self.prog} --help\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="reconcile",
        # An abbreviation may be ambiguous, and `tasks --all` must not match `--allow-…`.
        allow_abbrev=False,
        description="Compare the schedules in git with what is deployed on Modal, and apply them.",
        epilog="Exit: 0 done or nothing to do, 1 error, 2 changes (--detailed-exitcode), "
        "3 refused by a safety rule.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    _add_common(parser, None)
    _add_reconcile(parser)
    parser.set_defaults(target="reconcile:main")
    commands = parser.add_subparsers(title="other commands", metavar="COMMAND")

    def add(name: str, target: str, help_text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=help_text, description=help_text)
        _add_common(command, argparse.SUPPRESS)
        command.set_defaults(target=target)
        return command

    validate = add("validate", "validate:main", "check the manifests, offline")
    _add_format(validate)

    following = add(
        "next", "next:main", "list the next occurrences of the schedules in git, offline"
    )
    following.add_argument("name", nargs="?", metavar="NAME", help="only this schedule")
    following.add_argument(
        "--count", type=positive, default=20, help="how many occurrences to list (20)"
    )
    following.add_argument(
        "--hours", type=positive, default=48, help="how many hours to look ahead (48)"
    )
    following.add_argument("--days", type=positive, default=0, help="how many days to look ahead")
    following.add_argument(
        "--after", type=time, metavar="TIME", help=f"list from this time on (now): {_TIME_HELP}"
    )
    following.add_argument(
        "--ics", metavar="FILE", help="write an iCalendar file; - for standard output"
    )
    _add_format(following)

    lint = add("lint", "lint:main", "report suspicious schedules, offline")
    _add_format(lint)

    status = add("status", "status:main", "show the last and next run of every schedule")
    status.add_argument("--all", dest="everything", action="store_true", help="list all schedules")
    status.add_argument("--owner", metavar="NAME", help="list only the schedules of this owner")
    status.add_argument(
        "--label",
        action="append",
        type=label,
        default=[],
        metavar="NAME[=VALUE]",
        help="list only the schedules with this label",
    )
    status.add_argument(
        "--state",
        action="append",
        choices=STATES,
        default=[],
        metavar="STATE",
        help=f"list the schedules in this state only: {', '.join(STATES)}",
    )
    _add_format(status)

    runs = add("runs", "runs:main", "list the runs of the last days with their outcomes")
    runs.add_argument(
        "name",
        nargs="?",
        metavar="NAME[@TIME]",
        help=f"only this schedule, or one run in detail: {_TIME_HELP}",
    )
    runs.add_argument("--failed", action="store_true", help="only failed and missed runs")
    runs.add_argument(
        "--since",
        type=time,
        metavar="TIME",
        help=f"only runs that a wake recorded at or after this time: {_TIME_HELP}",
    )
    runs.add_argument(
        "--days",
        type=positive,
        help=f"days of history to read ({USUAL_DAYS}; back to --since; {FAR_DAYS} for one run)",
    )
    runs.add_argument(
        "--count", type=positive, default=100, help="list at most this many, the newest (100)"
    )
    _add_format(runs)

    logs = add("logs", "logs:main", "show what a run printed")
    logs.add_argument(
        "name", metavar="NAME[@TIME]", help=f"one run; of a name alone, the newest: {_TIME_HELP}"
    )
    logs.add_argument(
        "--follow", action="store_true", help="while it runs, print its output as it comes"
    )
    logs.add_argument("--days", type=positive, help=f"days of history to read ({FAR_DAYS})")
    _add_format(logs)

    explain = add(
        "explain", "explain:main", "explain why a schedule ran, or did not run, at a time"
    )
    explain.add_argument("name", metavar="NAME", help="the name of a schedule, or the id of a task")
    explain.add_argument(
        "time", nargs="?", type=time, metavar="TIME", help=f"{_TIME_HELP}; not for a task"
    )
    explain.add_argument(
        "--days", type=positive, default=FAR_DAYS, help=f"days of history to read ({FAR_DAYS})"
    )
    _add_format(explain)

    tasks = add("tasks", "tasks:show", "list the tasks that programs created")
    tasks.add_argument(
        "--all",
        dest="everything",
        action="store_true",
        help="include tasks started, missed or cancelled in the last two weeks",
    )
    _add_format(tasks)
    _add_cancel(tasks)

    trigger = add("trigger", "wake:trigger", "start a schedule now, outside of its times")
    trigger.add_argument("name", metavar="NAME")
    trigger.add_argument(
        "--arg",
        action="append",
        type=argument,
        default=[],
        metavar="NAME=VALUE",
        help="an argument for this run, in place of the manifest's: JSON, else text",
    )
    trigger.add_argument(
        "--logs", action="store_true", help="print what it prints as it comes, until it has ended"
    )
    _add_wait(trigger)
    _add_format(trigger)

    submit = add("submit", "submit:submit", "start a deployed function and print the call's id")
    submit.add_argument("function", metavar="APP/FUNCTION")
    submit.add_argument("--args", default="{}", metavar="JSON", help="keyword arguments")
    _add_format(submit)

    result = add("result", "submit:result", "show the state and the result of a submitted call")
    result.add_argument("call", metavar="CALL")
    _add_wait(result)
    _add_format(result)

    wake = add("wake", "wake:wake", "wake the dispatcher: start what is due")
    wake.add_argument(
        "--at",
        type=time,
        metavar="TIME",
        help="process only this minute, as if it were now; no later wake starts it again",
    )
    wake.add_argument("--dry-run", action="store_true", help="show what would start, start nothing")
    _add_wait(wake)
    _add_format(wake)

    init = add("init", "init:main", "write settings, an example, workflows and schemas")
    init.add_argument(
        "--environment",
        default="production",
        metavar="NAME",
        help="the environment that CI applies to (production)",
    )
    init.add_argument(
        "--action", metavar="OWNER/REPOSITORY@COMMIT", help="the action that the workflows use"
    )

    importing = add("import", "import_:main", "write manifests from another scheduler's files")
    importing.add_argument(
        "source",
        choices=(
            *("modal", "airflow", "celery", "crontab", "github", "kubernetes", "systemd"),
            *("vercel", "wrangler"),
        ),
    )
    importing.add_argument(
        "file", nargs="?", metavar="FILE", help="the file, or - for standard input; not for modal"
    )
    importing.add_argument(
        "--app", default="jobs", metavar="NAME", help="Modal app of functions yet to write (jobs)"
    )
    importing.add_argument(
        "--timezone", metavar="ZONE", help="the time zone, if the file does not name it (UTC)"
    )
    importing.add_argument(
        "--system",
        action=argparse.BooleanOptionalAction,
        help="whether a crontab has a user before the command",
    )

    history = add("history", "history:main", "list the applies, with their authors and commits")
    history.add_argument(
        "--count", type=positive, default=20, help="list at most this many, the newest (20)"
    )
    _add_format(history)

    add_dashboard_options(
        add("dashboard", "dashboard:serve", "serve the dashboard and the API on 127.0.0.1")
    )

    adopt = add("adopt", "adopt:main", "take over an app that this repository does not manage")
    adopt.add_argument(
        "--from", dest="owner", metavar="REPOSITORY", help="the repository that manages it now"
    )
    adopt.add_argument("--yes", action="store_true", help="adopt without asking")

    unlock = add("unlock", "unlock:main", "release the lease of an apply that has died")
    unlock.add_argument(
        "number", type=positive, metavar="NUMBER", help="the lease's number, from the refusal"
    )

    _add_github(commands.add_parser("github", help=_GITHUB_HELP, description=_GITHUB_HELP))
    _add_engine(commands.add_parser("engine", help=_ENGINE_HELP, description=_ENGINE_HELP))
    return parser


def _add_common(parser: argparse.ArgumentParser, default: str | None) -> None:
    """Add options that may stand before or after the command.

    Args:
        default: SUPPRESS for a command, so that its default does not override the option before it.
    """
    parser.add_argument(
        "--env", metavar="NAME", default=default, help="the environment (local; required in CI)"
    )
    parser.add_argument(
        "--schedules", metavar="DIR", default=default, help="the folder of the manifests"
    )


def _add_reconcile(parser: argparse.ArgumentParser) -> None:
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
    _add_format(parser, "markdown")


_PRINTED = "the output of --format markdown"


def _add_github(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    comment = commands.add_parser("comment", help="write or update the pull request's comment")
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
    drift = commands.add_parser("drift", help="open, update or close the issue about drift")
    drift.add_argument(
        "--code", type=int, required=True, choices=[0, 2, 3], help="exit code of the dry run"
    )
    drift.set_defaults(target="github:drift")
    reviewed = commands.add_parser(
        "reviewed", help="check that a plan equals that of the merged pull request's comment"
    )
    reviewed.add_argument(
        "--offline", metavar="FILE", help="the merge's plan, as --against printed it"
    )
    reviewed.set_defaults(target="github:reviewed")
    body.add_argument("--file", help=_PRINTED)
    for command in (drift, reviewed):
        command.add_argument("--file", required=True, help=_PRINTED)
    for command in (comment, drift, reviewed):
        _add_common(command, argparse.SUPPRESS)


def _add_cancel(tasks: argparse.ArgumentParser) -> None:
    commands = tasks.add_subparsers(metavar="COMMAND")
    cancel = commands.add_parser("cancel", help="cancel a task that has not started")
    cancel.set_defaults(target="tasks:cancel")
    cancel.add_argument("task_id", metavar="ID")
    _add_common(cancel, argparse.SUPPRESS)


def _add_engine(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (a free one)")
    parser.add_argument(
        "--crons",
        type=crons,
        default="5",
        help="how many crons its workspace allows, or `unlimited` (5)",
    )
    parser.set_defaults(target="engine:serve")
    commands = parser.add_subparsers(metavar="COMMAND")
    variables = commands.add_parser("env", help="print the variables of the running engine")
    variables.set_defaults(target="engine:variables")
    execute = commands.add_parser("exec", help="run a command with these variables")
    execute.add_argument("command_line", nargs=argparse.REMAINDER, metavar="COMMAND …")
    execute.set_defaults(target="engine:execute")


def _add_format(parser: argparse.ArgumentParser, *more: str) -> None:
    parser.add_argument("--format", dest="form", choices=["text", "json", *more], default="text")


def _add_wait(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--wait", action="store_true", help="wait for the results and show them")
