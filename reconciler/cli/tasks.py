"""``reconcile tasks``: the tasks that programs created with ``reconciler.client``."""

from __future__ import annotations

import sys
from typing import Final

from reconciler.cli.connection import connected, open_query
from reconciler.cli.inputs import read_inputs
from reconciler.cli.json_output import print_json
from reconciler.cli.signals import run
from reconciler.cli.terminal import show as print_text
from reconciler.cron import minute
from reconciler.model.occurrence import format_minute
from reconciler.render.style import Style

BY_HAND: Final = "cancelled by hand"


def show(*, env: str | None, schedules: str | None, everything: bool, form: str) -> int:
    """Print the tasks. Returns 0, or 1 when one cannot be read."""
    inputs = read_inputs(env, schedules)
    with connected(inputs):
        from reconciler.client import TaskState
        from reconciler.query.tasks import list_tasks
        from reconciler.render.tasks import tasks_json, tasks_text

        ports, settings = open_query(inputs), inputs.environment
        tasks = run(list_tasks(ports, settings, settled=everything))
    if form == "json":
        print_json(tasks_json(tasks))
    else:
        print_text(tasks_text(tasks, Style.of(sys.stdout)))
    return 1 if any(task.state is TaskState.UNREADABLE for task in tasks) else 0


def cancel(*, env: str | None, schedules: str | None, task_id: str) -> int:
    """Cancel a task. Returns the exit code."""
    inputs = read_inputs(env, schedules)
    with connected(inputs):
        from reconciler.client import cancel_task_async

        own = inputs.environment
        task = run(cancel_task_async(task_id, reason=BY_HAND, app=own.app, environment=own.modal))
    print(f"Cancelled: {task.run}@{format_minute(minute(task.at))} does not start.")
    return 0
