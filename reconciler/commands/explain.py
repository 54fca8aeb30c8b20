"""``reconcile explain NAME TIME``: why a schedule ran then, or did not."""

from __future__ import annotations

import json
from argparse import Namespace

from reconciler.commands.connection import connected, open_ports, open_workspace, run
from reconciler.commands.inputs import read_inputs
from reconciler.commands.unknown import unknown_schedule
from reconciler.cron import minute
from reconciler.dispatch.history import runs_of, with_open_calls
from reconciler.dispatch.wake import Ports, read_cursor
from reconciler.errors import ReconcileError
from reconciler.report.explanation import explain, origin_line
from reconciler.workspace.history import Origin, read_record
from reconciler.workspace.observation import read_pointer
from reconciler.workspace.ports import Files


def main(args: Namespace) -> int:
    """Explain. Returns the exit code."""
    inputs = read_inputs(args)
    with connected(inputs):
        lines = run(_lines(open_ports(inputs), args.name, minute(args.time), args.days))
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


async def _lines(ports: Ports, name: str, at: int, days: int) -> list[str]:
    generation = await ports.generations.live()
    if generation is None:
        raise ReconcileError("nothing was applied yet", remedy="Run reconcile first.")
    record = generation.named(name)
    if record is None:
        raise unknown_schedule(name, generation.by_name)
    asked = record.occurrence(at)
    found = [run for run in runs_of(await ports.log.recent(days)) if run.occurrence == asked]
    runs = await with_open_calls(found, ports.caller)
    cursor = await read_cursor(ports)
    return list(explain(record, at, runs, cursor, minute(ports.clock.now())))
