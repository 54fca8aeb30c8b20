"""``reconcile logs``: what a run printed."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, TextIO

from reconciler.cli.connection import ask, connected, open_query
from reconciler.cli.inputs import read_inputs
from reconciler.cli.json_output import print_json
from reconciler.cli.runs import wanted_occurrence
from reconciler.cli.signals import run
from reconciler.model.runs_file import format_time
from reconciler.query.reach import FAR_DAYS
from reconciler.render.json_format import OUTPUT_FORMAT

if TYPE_CHECKING:
    from reconciler.query.output import CalledLine


def main(
    *,
    env: str | None,
    schedules: str | None,
    name: str,
    follow: bool,
    days: int | None,
    form: str,
) -> int:
    """Print what a run printed. Returns the exit code."""
    inputs = read_inputs(env, schedules)
    occurrence = wanted_occurrence(name)
    named = name if occurrence is None else occurrence.name
    with connected(inputs):
        from reconciler.query.output import find_logged, followed_output, kept_output, why_nothing

        ports = open_query(inputs)
        question = find_logged(ports, inputs.environment, named, occurrence, days=days or FAR_DAYS)
        found = ask(inputs, question)
        is_followed = follow and found.run.is_open
        lines = (followed_output if is_followed else kept_output)(ports, found)
        if form == "json":
            shown = run(_collected(lines))
            print_json(
                {"format": OUTPUT_FORMAT, "occurrence": found.run.occurrence.id, "lines": shown}
            )
        elif not run(show(lines)):
            print(f"{found.run.occurrence.id}: {why_nothing(found.run, ports)}", file=sys.stderr)
    return 0


async def show(lines: AsyncIterator[CalledLine], stream: TextIO | None = None) -> int:
    """Print lines as they come, with a heading before each further try; returns how many.

    Args:
        stream: None for standard output.
    """
    count, last = 0, None
    async for call, line in lines:
        if last is not None and call != last:
            print(f"--- try {call.attempt}, call {call.call}", file=stream)
        last = call
        print(line.text, file=stream, flush=True)
        count += 1
    return count


async def _collected(lines: AsyncIterator[CalledLine]) -> list[dict[str, Any]]:
    return [
        {
            "at": format_time(line.at),
            "source": line.source,
            "text": line.text,
            "attempt": call.attempt,
            "call": call.call,
        }
        async for call, line in lines
    ]
