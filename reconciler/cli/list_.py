"""``reconcile list``: a line for each schedule."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from reconciler.cli.connection import connected
from reconciler.cli.damaged import warn_of_damage
from reconciler.cli.inputs import read_inputs
from reconciler.cli.status import current_status
from reconciler.cli.terminal import columns
from reconciler.foreign_text import in_json
from reconciler.render.style import Style


def main(
    *,
    env: str | None,
    schedules: str | None,
    sort: str,
    owner: str | None,
    label: Sequence[tuple[str, str | None]],
    state: Sequence[str],
    form: str,
) -> int:
    """Print the schedules that are live. Returns the exit code."""
    inputs = read_inputs(env, schedules)
    with connected(inputs):
        from reconciler.query.ordering import SortKey, in_order_of
        from reconciler.query.status import Filter, State, selection
        from reconciler.render.listing import list_document, list_text

        status = current_status(inputs)
    warn_of_damage(status.damaged)
    wanted = Filter(owner=owner, labels=dict(label), states=frozenset(map(State, state)))
    listed = in_order_of(selection(status, wanted, everything=True), SortKey(sort))
    if form == "json":
        print(in_json(list_document(listed).model_dump_json(indent=2)))
    else:
        print(list_text(listed, Style.of(sys.stdout), columns()))
    return 0
