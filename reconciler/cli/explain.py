"""``reconcile explain NAME [TIME]``: why a schedule or a task ran, or did not."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Collection, Iterable

from reconciler.cli.connection import (
    connected,
    live_in,
    open_ports,
    open_query,
    open_workspace,
    removal_in,
)
from reconciler.cli.damaged import require_readable, warn_of_damage
from reconciler.cli.inputs import Inputs, read_inputs
from reconciler.cli.json_output import print_json
from reconciler.cli.signals import run
from reconciler.cron import minute
from reconciler.deploy.history import Origin, record_or_damage
from reconciler.deploy.observation import read_pointer
from reconciler.dispatch.history import with_open_calls
from reconciler.dispatch.wake.cursor_entry import read_cursor
from reconciler.dispatch.wake.request import Ports
from reconciler.errors import ReconcileError
from reconciler.foreign_text import as_lines
from reconciler.model.history import Run
from reconciler.model.task import is_task
from reconciler.query.name_matcher import NameMatcher, find_task, records_of, require_known
from reconciler.query.newest_first import RunHistory
from reconciler.query.unknown_names import nothing_live
from reconciler.render.explanation import Beginning, explain, explain_deleted, origin_line
from reconciler.render.json_format import OUTPUT_FORMAT
from reconciler.render.logs import Logs
from reconciler.render.task_explanation import explain_task


def main(args: Namespace) -> int:
    """Explain. Returns the exit code."""
    inputs = read_inputs(args)
    with connected(inputs):
        at = None if args.time is None else minute(args.time)
        lines = run(_lines(inputs, args.name, at, args.days))
        origin = run(_origin(inputs, args.name))
    if origin is not None:
        lines.append(origin_line(origin.commit, origin.author, origin.at))
    if args.format == "json":
        print_json({"format": OUTPUT_FORMAT, "explanation": lines})
    else:
        print(as_lines(lines))
    return 0


async def _origin(inputs: Inputs, name: str) -> Origin | None:
    """What made the schedule what it is; None when the last apply left no record that can be
    read."""
    files = open_workspace(inputs).files
    pointer, _damage = await read_pointer(files)
    record, damaged = await record_or_damage(files, pointer)
    warn_of_damage(damaged, removal_in(inputs))
    return None if record is None else record.origins.get(name)


async def _lines(inputs: Inputs, name: str, at: int | None, days: int) -> list[str]:
    ports, logs = open_ports(inputs), Logs.of(inputs.environment)
    generation = await ports.generations.live()
    if generation is None:
        raise await nothing_live(*live_in(inputs))
    require_readable(generation, name)
    record = generation.named(name)
    meant = {
        NameMatcher.of(one, generation)
        for one in (name, *(() if record is None else (record.name,)))
    }
    history = await _history(inputs, meant, at, days, is_live=record is not None)
    if record is None or at is None:
        lines = await _task_lines(ports, name, at, history, logs)
        if lines:
            return lines
    if record is None:
        await require_known(name, generation, ports, history)
    if at is None:
        raise ReconcileError(
            "TIME is missing", remedy="Say which", command=f"explain {name} 2026-11-23T09:00Z"
        )
    if record is None:
        found = [run for run in history if run.occurrence.name == name]
        runs = await with_open_calls(found, ports.caller)
        return list(explain_deleted(name, at, runs, logs))
    asked = record.occurrence(at)
    found = [run for run in history if run.occurrence == asked]
    runs = await with_open_calls(found, ports.caller)
    cursor = await read_cursor(ports)
    beginning = Beginning.of(generation, record.name)
    return list(explain(record, at, runs, cursor, minute(ports.clock.now()), logs, beginning))


async def _history(
    inputs: Inputs, meant: Collection[NameMatcher], at: int | None, days: int, *, is_live: bool
) -> list[Run]:
    """The runs that the answer needs: those of the time; of what is not live, all."""
    history = RunHistory(open_query(inputs).files)

    def about(name: str) -> bool:
        return any(named.may_match(name) for named in meant)

    if at is not None and is_live:
        known = await history.read_about(about, at, days=days)
    else:
        known = await history.read_back(lambda _known: about, days=days)
    warn_of_damage(known.damaged, removal_in(inputs))
    return known.ordered


async def _task_lines(
    ports: Ports, name: str, at: int | None, history: Iterable[Run], logs: Logs
) -> list[str]:
    """The same of a task that a program created; none when there is no such task."""
    named = NameMatcher.of(name, None)
    found = await find_task(ports.tasks, name)
    of_it = [
        run for run in history if is_task(run.occurrence.name) and named.matches(run.occurrence)
    ]
    runs = await with_open_calls(of_it, ports.caller)
    records = await records_of(runs, None, ports.tasks)
    now = minute(ports.clock.now())
    return list(explain_task(found, runs, now, logs, at=at, records=records))
