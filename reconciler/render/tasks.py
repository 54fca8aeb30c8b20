"""Tasks as a person reads them in a terminal, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any, Final

from reconciler.client.task_listing import ScheduledTask
from reconciler.cron import minute
from reconciler.foreign_text import as_lines
from reconciler.model.occurrence import format_minute
from reconciler.render.json_format import OUTPUT_FORMAT
from reconciler.render.style import Style

SHOWN: Final = 60
"""Characters of a task's arguments that a line shows."""


def tasks_json(tasks: Iterable[ScheduledTask]) -> dict[str, Any]:
    """The tasks as JSON."""
    return {"format": OUTPUT_FORMAT, "tasks": [_json(task) for task in tasks]}


def tasks_text(tasks: Sequence[ScheduledTask], style: Style) -> str:
    """A line for each task."""
    if not tasks:
        return "No tasks."
    ids = max(len(task.id) for task in tasks)
    states = max(len(task.state.value) for task in tasks)
    return as_lines(_line(task, ids, states, style) for task in tasks)


def _json(task: ScheduledTask) -> dict[str, object]:
    return {
        **asdict(task),
        "state": task.state.value,
        "at": format_minute(minute(task.at)),
        "created": None if task.created is None else format_minute(minute(task.created)),
    }


def _line(task: ScheduledTask, ids: int, states: int, style: Style) -> str:
    given = json.dumps(dict(task.args)) if task.args else ""
    shown = given if len(given) <= SHOWN else f"{given[:SHOWN]}…"
    detail = task.reason or task.call or style.dim(shown)
    line = f"{format_minute(minute(task.at))}  {task.id:{ids}}  {task.state.value:{states}}"
    return f"{line}  {task.function}  {detail}".rstrip()
