"""``reconcile history``: what was applied, by whom and from which commit."""

from __future__ import annotations

import sys

from reconciler.cli.connection import ask, connected, open_query
from reconciler.cli.inputs import read_inputs
from reconciler.cli.json_output import print_json
from reconciler.cli.terminal import show
from reconciler.render.style import Style


def main(*, env: str | None, schedules: str | None, count: int, form: str) -> int:
    """Print the applies, newest first. Returns the exit code."""
    inputs = read_inputs(env, schedules)
    with connected(inputs):
        from reconciler.query.applies import list_applies
        from reconciler.render.applies import applies_json, applies_text

        found = ask(inputs, list_applies(open_query(inputs), inputs.environment, count))
    if form == "json":
        print_json(applies_json(found.applies))
    else:
        show(applies_text(found.applies, Style.of(sys.stdout)))
    return 0
