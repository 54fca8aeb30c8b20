"""``reconcile runs``: what became of the occurrences of the last days, or of one of them."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Sequence
from datetime import UTC, datetime

from reconciler.cli.connection import connected, open_ports
from reconciler.cli.inputs import Inputs, read_inputs
from reconciler.cli.named import Named, records_of, require_known
from reconciler.cli.printing import to_json
from reconciler.cli.stopping import run
from reconciler.cli.times import FAR_DAYS, USUAL_DAYS, in_utc, read_time
from reconciler.cli.unknown import require_volume
from reconciler.cron import minute
from reconciler.dispatch.history import Run, runs_of, with_open_calls
from reconciler.dispatch.wake.request import Ports
from reconciler.errors import ReconcileError
from reconciler.foreign_text import as_lines
from reconciler.model.occurrence import Occurrence, format_minute
from reconciler.model.runs_file import RunState
from reconciler.render.explanation import run_lines
from reconciler.render.logs import Logs
from reconciler.render.runs_text import FAILURES, run_json, runs_text
from reconciler.render.style import Style


def main(args: Namespace) -> int:
    """Print the runs, oldest first. Returns the exit code."""
    inputs = read_inputs(args)
    wanted = _occurrence(args.name)
    with connected(inputs):
        text = run(_listed(inputs, args) if wanted is None else _single(inputs, args, wanted))
    print(text)
    return 0


async def _single(inputs: Inputs, args: Namespace, wanted: Occurrence) -> str:
    ports = open_ports(inputs)
    generation = await ports.generations.live()
    named = Named.of(wanted.name, generation)
    history = runs_of(await ports.log.recent(args.days or FAR_DAYS, named.could_mean))
    found = [
        one for one in history if one.occurrence.at == wanted.at and named.means(one.occurrence)
    ]
    if not found:
        await require_known(wanted.name, generation, ports, history)
        raise ReconcileError(
            f"the history has no {wanted.id}",
            remedy="Ask why",
            command=f"explain {wanted.name} {format_minute(wanted.at)}",
        )
    runs = await with_open_calls(found, ports.caller)
    if args.format == "json":
        return _json(runs)
    records = await records_of(runs, generation, ports.tasks)
    logs = Logs.of(inputs.environment)
    lines = [run_lines(one, records.get(one.occurrence.name), logs) for one in runs]
    return as_lines(line for of_one in lines for line in of_one)


async def _listed(inputs: Inputs, args: Namespace) -> str:
    ports = open_ports(inputs)
    days = _days(args, ports.clock.now())
    if args.name is not None:
        found = await _named(args.name, days, ports)
    else:
        found = runs_of(await ports.log.recent(days))
    if not found:
        await require_volume(inputs)
    if args.since is not None:
        found = [one for one in found if datetime.fromisoformat(one.seen) >= args.since]
    if args.failed:
        found = await _failed(found, ports)
    runs = found[-args.count :]
    if len(runs) < len(found):
        # The oldest are left out without leaving a trace in what is printed.
        cut = f"{len(runs):,} of {len(found):,} shown; --count shows more"
        print(cut, file=sys.stderr)
    if not args.failed:
        runs = await with_open_calls(runs, ports.caller)
    return _json(runs) if args.format == "json" else runs_text(runs, Style.of(sys.stdout))


async def _named(name: str, days: int, ports: Ports) -> Sequence[Run]:
    generation = await ports.generations.live()
    named = Named.of(name, generation)
    runs = runs_of(await ports.log.recent(days, named.could_mean))
    found = [one for one in runs if named.means(one.occurrence)]
    if not found:
        await require_known(name, generation, ports)
    return found


async def _failed(runs: Sequence[Run], ports: Ports) -> Sequence[Run]:
    """Those that failed: a call that is still open may have, and is asked before it is judged."""
    wanted = [one for one in runs if one.state in FAILURES or one.state is RunState.STARTED]
    judged = await with_open_calls(wanted, ports.caller)
    return [one for one in judged if one.state in FAILURES]


def _days(args: Namespace, now: datetime) -> int:
    """How far back to look: days without a wake have no folder, so these may reach further."""
    if args.days is not None:
        return int(args.days)
    if args.since is None:
        return USUAL_DAYS
    since: datetime = args.since
    whole = (now.astimezone(UTC).date() - since.astimezone(UTC).date()).days
    return max(USUAL_DAYS, whole + 1)


def _json(runs: Sequence[Run]) -> str:
    return to_json({"format": 1, "runs": [run_json(one) for one in runs]})


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
