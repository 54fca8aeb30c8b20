"""``reconcile tasks``: the tasks that programs created with ``reconciler.client``."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from reconciler.cli.connection import connected
from reconciler.cli.inputs import read_inputs
from reconciler.cli.json_output import print_json
from reconciler.cli.signals import run
from reconciler.cron import minute
from reconciler.foreign_text import as_lines
from reconciler.model.occurrence import format_minute
from reconciler.render.json_format import OUTPUT_FORMAT
from reconciler.render.style import Style

if TYPE_CHECKING:
    from reconciler.client import ScheduledTask

BY_HAND: Final = "cancelled by hand"
SHOWN: Final = 60
"""Characters of a task's arguments that a line shows."""


def show(args: Namespace) -> int:
    """Print the tasks. Returns 0, or 1 when one cannot be read."""
    inputs = read_inputs(args)
    with connected(inputs):
        from reconciler.client import TaskState, list_tasks_async

        own = inputs.environment
        tasks = run(list_tasks_async(settled=args.all, app=own.app, environment=own.modal))
    if args.format == "json":
        print_json({"format": OUTPUT_FORMAT, "tasks": [_json(task) for task in tasks]})
    else:
        print(_text(tasks, Style.of(sys.stdout)))
    return 1 if any(task.state is TaskState.UNREADABLE for task in tasks) else 0


def cancel(args: Namespace) -> int:
    """Cancel a task. Returns the exit code."""
    inputs = read_inputs(args)
    with connected(inputs):
        from reconciler.client import cancel_task_async

        own = inputs.environment
        task = run(cancel_task_async(args.id, reason=BY_HAND, app=own.app, environment=own.modal))
    print(f"Cancelled: {task.run}@{format_minute(minute(task.at))} does not start.")
    return 0


def _json(task: ScheduledTask) -> dict[str, object]:
    return {
        **asdict(task),
        "state": task.state.value,
        "at": format_minute(minute(task.at)),
        "created": None if task.created is None else format_minute(minute(task.created)),
    }


def _text(tasks: Sequence[ScheduledTask], style: Style) -> str:
    if not tasks:
        return "No tasks."
    ids = max(len(task.id) for task in tasks)
    states = max(len(task.state.value) for task in tasks)
    return as_lines(_line(task, ids, states, style) for task in tasks)


def _line(task: ScheduledTask, ids: int, states: int, style: Style) -> str:
    given = json.dumps(dict(task.args)) if task.args else ""
    shown = given if len(given) <= SHOWN else f"{given[:SHOWN]}…"
    detail = task.reason or task.call or style.dim(shown)
    line = f"{format_minute(minute(task.at))}  {task.id:{ids}}  {task.state.value:{states}}"
    return f"{line}  {task.function}  {detail}".rstrip()
