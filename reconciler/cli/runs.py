"""``reconcile runs``: the outcomes of the occurrences of the last days, or of one of them."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Sequence
from datetime import UTC, datetime

from reconciler.cli.connection import connected, live_in, open_ports, open_query, removal_in
from reconciler.cli.damaged import warn_of_damage
from reconciler.cli.inputs import Inputs, read_inputs
from reconciler.cli.json_output import to_json
from reconciler.cli.signals import run
from reconciler.cli.times import FAR_DAYS, USUAL_DAYS, in_utc, read_time
from reconciler.cron import minute
from reconciler.dispatch.history import with_open_calls
from reconciler.errors import ReconcileError
from reconciler.foreign_text import as_lines
from reconciler.model.history import Run
from reconciler.model.occurrence import Occurrence, format_minute
from reconciler.query.name_matcher import NameMatcher, records_of, require_known
from reconciler.query.newest_first import RunHistory
from reconciler.query.runs import RunsWanted, list_runs
from reconciler.query.unknown_names import require_volume
from reconciler.render.explanation import run_lines
from reconciler.render.json_format import OUTPUT_FORMAT
from reconciler.render.logs import Logs
from reconciler.render.runs_text import run_json, runs_text
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
    named = NameMatcher.of(wanted.name, generation)
    history, days = RunHistory(open_query(inputs).files), args.days or FAR_DAYS
    known = await history.read_about(named.may_match, wanted.at, days=days)
    warn_of_damage(known.damaged, removal_in(inputs))
    found = [
        one
        for one in known.ordered
        if one.occurrence.at == wanted.at and named.matches(one.occurrence)
    ]
    if not found:
        await require_known(wanted.name, generation, ports, known.ordered)
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
    ports, asked = open_ports(inputs), open_query(inputs)
    days = _days(args, asked.clock.now())
    generation = None if args.name is None else await ports.generations.live()
    named = None if args.name is None else NameMatcher.of(args.name, generation)
    wanted = RunsWanted(
        count=args.count,
        days=days,
        since=args.since,
        failed=args.failed,
        about=None if named is None else named.may_match,
        means=None if named is None else named.matches,
    )
    found = await list_runs(RunHistory(asked.files), asked.caller, wanted)
    warn_of_damage(found.damaged, removal_in(inputs))
    if not found.runs:
        if args.name is not None:
            await require_known(args.name, generation, ports)
        await require_volume(*live_in(inputs))
    if found.more:
        # The oldest are left out without leaving a trace in what is printed.
        print(f"the newest {len(found.runs):,} are shown; --count shows more", file=sys.stderr)
    if found.not_asked:
        print(
            f"{found.not_asked:,} runs are shown as the last wake left them: Modal was asked about "
            "the newest only",
            file=sys.stderr,
        )
    if args.format == "json":
        return _json(found.runs)
    return runs_text(found.runs, Style.of(sys.stdout))


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
    return to_json({"format": OUTPUT_FORMAT, "runs": [run_json(one) for one in runs]})


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
