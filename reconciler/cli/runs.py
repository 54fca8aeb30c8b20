"""``reconcile runs``: the outcomes of the occurrences of the last days, or of one of them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from reconciler.cli.connection import ask, connected, open_query
from reconciler.cli.inputs import Inputs, read_inputs
from reconciler.cli.json_output import to_json
from reconciler.cli.terminal import columns, say, show
from reconciler.cli.times import in_utc, read_time
from reconciler.cron import minute
from reconciler.errors import ReconcileError
from reconciler.foreign_text import as_lines
from reconciler.model.occurrence import Occurrence
from reconciler.model.runs import Run
from reconciler.query.reach import FAR_DAYS
from reconciler.render.json_format import OUTPUT_FORMAT
from reconciler.render.runs_text import run_json, runs_text
from reconciler.render.style import Style

if TYPE_CHECKING:
    from reconciler.query.runs import RunList


def main(
    *,
    env: str | None,
    schedules: str | None,
    name: str | None,
    failed: bool,
    since: datetime | None,
    days: int | None,
    count: int,
    form: str,
) -> int:
    """Print the runs, oldest first. Returns the exit code."""
    inputs = read_inputs(env, schedules)
    single = wanted_occurrence(name)
    with connected(inputs):
        if single is not None:
            text = _details(inputs, env, single, days or FAR_DAYS, form)
        else:
            from reconciler.query.run_groups import fold
            from reconciler.query.runs import RunsWanted, list_runs

            wanted = RunsWanted(
                count=count,
                days=days,
                since=since,
                failed=failed,
                name=name,
                folded=form != "json",
            )
            found = ask(inputs, list_runs(open_query(inputs), inputs.environment, wanted))
            _say_what_is_left_out(found)
            if form == "json":
                text = _json(found.runs)
            else:
                text = runs_text(fold(found.runs), Style.of(sys.stdout), columns())
    show(text)
    return 0


def _details(inputs: Inputs, env: str | None, wanted: Occurrence, days: int, form: str) -> str:
    from reconciler.query.runs import find_runs
    from reconciler.render.explanation import repair_lines, run_lines

    found = ask(inputs, find_runs(open_query(inputs), wanted, days=days))
    if form == "json":
        return _json(found.runs)
    lines = [run_lines(one, found.records.get(one.occurrence.name), env) for one in found.runs]
    last = found.runs[-1]
    if not wanted.is_rerun:
        lines.append(repair_lines(last, found.records.get(last.occurrence.name), env))
    return as_lines(line for of_one in lines for line in of_one)


def _say_what_is_left_out(found: RunList) -> None:
    if found.more:
        # The oldest are left out without leaving a trace in what is printed.
        say(f"the newest {len(found.runs):,} are shown; --count shows more")
    if found.not_asked:
        say(
            f"{found.not_asked:,} runs are shown as the last wake left them: Modal was asked about "
            "the newest only"
        )


def _json(runs: Sequence[Run]) -> str:
    return to_json({"format": OUTPUT_FORMAT, "runs": [run_json(one) for one in runs]})


def wanted_occurrence(text: str | None) -> Occurrence | None:
    """The occurrence that ``NAME@TIME`` names, or the run of it that ``NAME@TIME.2`` does; None
    for a name alone.

    Raises:
        ReconcileError: it is no time.
    """
    if text is None or "@" not in text:
        return None
    name, _, time = text.rpartition("@")
    with suppress(ValueError):
        return Occurrence.parse(text)
    try:
        at = read_time(time, datetime.now(UTC))
    except ValueError as error:
        raise ReconcileError(
            f"{text!r} names no run: NAME@2026-11-20T06:00Z is expected",
            remedy="List the runs",
            command=f"runs {text.partition('@')[0]}".rstrip(),
        ) from error
    return Occurrence(name, minute(in_utc(at)))
