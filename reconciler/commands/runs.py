"""``reconcile runs``: what became of the occurrences of the last days, or of one of them."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Iterable, Iterator
from datetime import datetime

from reconciler.commands.connection import connected, open_ports, run
from reconciler.commands.inputs import read_inputs
from reconciler.commands.times import in_utc, read_time
from reconciler.cron import minute
from reconciler.dispatch.generation import Generation
from reconciler.dispatch.history import Run, runs_of, with_open_calls
from reconciler.dispatch.occurrence import Occurrence
from reconciler.dispatch.runs import RunState
from reconciler.dispatch.task_names import NAME_PREFIX
from reconciler.dispatch.tasks import task_id_of
from reconciler.dispatch.wake import Ports
from reconciler.errors import ReconcileError
from reconciler.report.explanation import run_lines
from reconciler.report.runs_text import FAILURES, run_json, runs_text
from reconciler.report.style import Style


def main(args: Namespace) -> int:
    """Print the runs, oldest first. Returns the exit code."""
    inputs = read_inputs(args)
    with connected(inputs):
        ports = open_ports(inputs)
        generation = run(ports.generations.live())
        wanted = _occurrence(args.name)
        runs = run(_runs(ports, args, generation, wanted))
    if args.format == "json":
        print(json.dumps({"format": 1, "runs": [run_json(r) for r in runs]}, indent=2))
    elif wanted is not None:
        owner = None if generation is None else generation.owner(wanted)
        print("\n".join(line for one in runs for line in run_lines(one, owner)))
    else:
        print(runs_text(runs, Style.of(sys.stdout)))
    return 0


async def _runs(
    ports: Ports, args: Namespace, generation: Generation | None, wanted: Occurrence | None
) -> list[Run]:
    found: Iterable[Run] = runs_of(await ports.log.recent(args.days))
    if wanted is not None:
        runs = [run for run in found if run.occurrence in (wanted, _as_task(wanted))]
        if not runs:
            raise ReconcileError(
                f"the history has no {wanted.id}",
                remedy="Ask why",
                command=f"explain {wanted.name} {wanted.id.partition('@')[2]}",
            )
        return await with_open_calls(runs, ports.caller)
    if args.name is not None:
        names = {args.name, *_former_names(generation, args.name)}
        found = [
            run
            for run in found
            if run.occurrence.name in names or task_id_of(run.occurrence.name) == args.name
        ]
    if args.since is not None:
        found = [run for run in found if datetime.fromisoformat(run.seen) >= args.since]
    if args.failed:
        # A call that is still open may have failed: how it stands is asked before it is judged.
        found = [run for run in found if run.state in FAILURES or run.state is RunState.STARTED]
    runs = await with_open_calls(list(found)[-args.count :], ports.caller)
    return [run for run in runs if run.state in FAILURES] if args.failed else runs


def _occurrence(text: str | None) -> Occurrence | None:
    if text is None or "@" not in text:
        return None
    name, _, time = text.rpartition("@")
    try:
        at = read_time(time)
    except ValueError as error:
        raise ReconcileError(
            f"{text!r} names no run: NAME@2026-11-20T06:00Z is expected",
            remedy="List the runs",
            command=f"runs {text.partition('@')[0]}".rstrip(),
        ) from error
    return Occurrence(name, minute(in_utc(at)))


def _as_task(wanted: Occurrence) -> Occurrence:
    """The same of a task, which can be named by its id."""
    return Occurrence(NAME_PREFIX + wanted.name, wanted.at)


def _former_names(generation: Generation | None, name: str) -> Iterator[str]:
    record = None if generation is None else generation.by_name.get(name)
    for old, _last in () if record is None else record.formerly:
        yield old
