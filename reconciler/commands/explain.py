"""``reconcile explain NAME [TIME]``: why a schedule or a task ran, or did not."""

from __future__ import annotations

import json
from argparse import Namespace

from reconciler.commands.connection import connected, open_ports, open_workspace, run
from reconciler.commands.inputs import read_inputs
from reconciler.commands.unknown import unknown_schedule
from reconciler.cron import minute
from reconciler.dispatch.history import runs_of, with_open_calls
from reconciler.dispatch.tasks import task_id_of
from reconciler.dispatch.wake import Ports, read_cursor
from reconciler.errors import ReconcileError
from reconciler.report.explanation import explain, origin_line
from reconciler.report.task_explanation import explain_task
from reconciler.workspace.history import Origin, read_record
from reconciler.workspace.observation import read_pointer
from reconciler.workspace.ports import Files


def main(args: Namespace) -> int:
    """Explain. Returns the exit code."""
    inputs = read_inputs(args)
    with connected(inputs):
        at = None if args.time is None else minute(args.time)
        lines = run(_lines(open_ports(inputs), args.name, at, args.days))
        origin = run(_origin(open_workspace(inputs).files, args.name))
    if origin is not None:
        lines.append(origin_line(origin.commit, origin.author, origin.at))
    if args.format == "json":
        print(json.dumps({"format": 1, "explanation": lines}, indent=2))
    else:
        print("\n".join(lines))
    return 0


async def _origin(files: Files, name: str) -> Origin | None:
    """What made the schedule what it is; None when the last apply left no record."""
    pointer, _damage = await read_pointer(files)
    record = await read_record(files, pointer)
    return None if record is None else record.origins.get(name)


async def _lines(ports: Ports, name: str, at: int | None, days: int) -> list[str]:
    generation = await ports.generations.live()
    if generation is None:
        raise ReconcileError("nothing was applied yet", remedy="Run reconcile first.")
    record = generation.named(name)
    if record is None or at is None:
        lines = await _task_lines(ports, name, days)
        if lines:
            return lines
    if record is None:
        raise unknown_schedule(name, generation.by_name, "schedule or task")
    if at is None:
        raise ReconcileError(
            "TIME is missing", remedy="Say which", command=f"explain {name} 2026-11-23T09:00Z"
        )
    asked = record.occurrence(at)
    found = [run for run in runs_of(await ports.log.recent(days)) if run.occurrence == asked]
    runs = await with_open_calls(found, ports.caller)
    cursor = await read_cursor(ports)
    return list(explain(record, at, runs, cursor, minute(ports.clock.now())))


async def _task_lines(ports: Ports, name: str, days: int) -> list[str]:
    """The same of a task that a program created; none when there is no such task."""
    from reconciler.client.stored_tasks import newest

    task_id = task_id_of(name) or name
    found = None if ports.tasks is None else await newest(ports.tasks, task_id)
    logs = await ports.log.recent(days)
    runs = [run for run in runs_of(logs) if task_id_of(run.occurrence.name) == task_id]
    runs = await with_open_calls(runs, ports.caller)
    return list(explain_task(found, runs, minute(ports.clock.now())))
