"""The commands that start something, and those that follow it."""

from __future__ import annotations

import argparse

from reconciler.cli.options.argument_types import argument, time
from reconciler.cli.options.common import (
    TIME_HELP,
    AddCommand,
    add_common,
    add_format,
    add_nested,
    add_wait,
)


def add_starting(add: AddCommand) -> None:
    """Add tasks, trigger, rerun, submit, result, alerts and wake."""
    tasks = add("tasks", "tasks:show", "list the tasks that programs created")
    tasks.add_argument(
        "--all",
        dest="everything",
        action="store_true",
        help="include tasks started, missed or cancelled in the last two weeks",
    )
    add_format(tasks)
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
    _add_logs(trigger)
    add_wait(trigger)
    add_format(trigger)

    rerun = add("rerun", "wake:rerun", "run again an occurrence that was missed or failed")
    rerun.add_argument("run_id", metavar="NAME@TIME", help=TIME_HELP)
    _add_logs(rerun)
    add_wait(rerun)
    add_format(rerun)

    submit = add("submit", "submit:submit", "start a deployed function and print the call's id")
    submit.add_argument("function", metavar="APP/FUNCTION")
    submit.add_argument("--args", default="{}", metavar="JSON", help="keyword arguments")
    add_wait(submit)
    add_format(submit)

    result = add("result", "submit:result", "show the state and the result of a submitted call")
    result.add_argument("call", metavar="CALL")
    add_wait(result)
    add_format(result)

    alerts = add("alerts", "alerts:send_test", "send a test alert to each recipient")
    alerts_commands = alerts.add_subparsers(metavar="COMMAND", required=True)
    test = add_nested(alerts_commands, "test", "send a test alert to each recipient")
    add_common(test, argparse.SUPPRESS)
    add_format(test)

    wake = add("wake", "wake:wake", "wake the dispatcher: start what is due")
    wake.add_argument(
        "--at",
        type=time,
        metavar="TIME",
        help="process only this minute, as if it were now; no later wake starts it again",
    )
    wake.add_argument("--dry-run", action="store_true", help="show what would start, start nothing")
    add_wait(wake)
    add_format(wake)


def _add_logs(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--logs", action="store_true", help="print what it prints as it comes, until it has ended"
    )


def _add_cancel(tasks: argparse.ArgumentParser) -> None:
    commands = tasks.add_subparsers(metavar="COMMAND")
    cancel = add_nested(commands, "cancel", "cancel a task that has not started")
    cancel.set_defaults(target="tasks:cancel")
    cancel.add_argument("task_id", metavar="ID")
    add_common(cancel, argparse.SUPPRESS)
