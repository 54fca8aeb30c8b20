"""``reconcile show NAME``: one schedule with all that is known of it."""

from __future__ import annotations

import sys

from reconciler.cli.connection import ask, connected, open_query
from reconciler.cli.inputs import Inputs, read_inputs, read_manifests
from reconciler.cli.terminal import columns
from reconciler.errors import ReconcileError
from reconciler.foreign_text import in_json
from reconciler.manifest import Location
from reconciler.render.style import Style


def main(*, env: str | None, schedules: str | None, name: str, form: str) -> int:
    """Print the schedule. Returns the exit code."""
    inputs = read_inputs(env, schedules)
    with connected(inputs):
        from reconciler.query.show import show
        from reconciler.render.show import show_document, show_text

        found = ask(inputs, show(open_query(inputs), inputs.environment, name))
    manifest = _declared(inputs, found.record.name)
    if form == "json":
        print(in_json(show_document(found, manifest).model_dump_json(indent=2)))
    else:
        print(show_text(found, manifest, Style.of(sys.stdout), columns()))
    return 0


def _declared(inputs: Inputs, name: str) -> Location | None:
    """Where the manifest is in this checkout; None without one, or if the manifests are invalid."""
    try:
        schedules = read_manifests(inputs).schedules
    except ReconcileError:
        return None
    return next((one.location for one in schedules if one.name == name), None)
