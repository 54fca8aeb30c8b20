"""``reconcile explain NAME [TIME]``: why a schedule or a task ran, or did not."""

from __future__ import annotations

from datetime import datetime

from reconciler.cli.connection import ask, connected, open_query
from reconciler.cli.inputs import read_inputs
from reconciler.cli.json_output import print_json
from reconciler.cli.terminal import show
from reconciler.cron import minute
from reconciler.foreign_text import as_lines
from reconciler.render.json_format import OUTPUT_FORMAT


def main(
    *,
    env: str | None,
    schedules: str | None,
    name: str,
    time: datetime | None,
    days: int,
    form: str,
) -> int:
    """Explain. Returns the exit code."""
    inputs = read_inputs(env, schedules)
    at = None if time is None else minute(time)
    with connected(inputs):
        from reconciler.query.explain import explain
        from reconciler.render.explanation import explanation_lines

        found = ask(inputs, explain(open_query(inputs), inputs.environment, name, at, days=days))
    lines = list(explanation_lines(found, env))
    if form == "json":
        print_json({"format": OUTPUT_FORMAT, "explanation": lines})
    else:
        show(as_lines(lines))
    return 0
