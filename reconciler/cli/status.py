"""``reconcile status``: each schedule's last run and next run, and what is live."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.cli.connection import connected, live_in, open_query, open_workspace, removal_in
from reconciler.cli.damaged import remedies
from reconciler.cli.inputs import Inputs, read_inputs
from reconciler.cli.json_output import print_json
from reconciler.cli.signals import run
from reconciler.cli.source import desired_of
from reconciler.cli.terminal import show
from reconciler.query.nothing_found import nothing_live
from reconciler.render.status_text import status_json, status_text
from reconciler.render.style import Style

if TYPE_CHECKING:
    from reconciler.query.status import Status


def main(
    *,
    env: str | None,
    schedules: str | None,
    everything: bool,
    owner: str | None,
    label: Sequence[tuple[str, str | None]],
    state: Sequence[str],
    form: str,
) -> int:
    """Print the status. Returns 0 when all is well and 1 when something needs attention, also of
    what is not listed."""
    inputs = read_inputs(env, schedules)
    with connected(inputs) as goes_on:
        from reconciler.query.deployment_drift import ENGINE_STOPPED
        from reconciler.query.status import Filter, State, selection

        status = current_status(inputs)
    if not goes_on:
        status = replace(status, findings=(*status.findings, ENGINE_STOPPED))
    wanted = Filter(owner=owner, labels=dict(label), states=frozenset(map(State, state)))
    listed = selection(status, wanted, everything=everything or form == "json")
    if form == "json":
        print_json(status_json(status, listed))
    else:
        repair = remedies(status.damaged, removal_in(inputs))
        show(status_text(status, Style.of(sys.stdout), repair, listed, env))
    return 0 if status.well else 1


def current_status(inputs: Inputs) -> Status:
    """How the environment that we are connected to stands.

    Raises:
        ReconcileError: nothing is live.
        UnavailableError: Modal did not answer.
    """
    from reconciler.deploy.owner import with_standing
    from reconciler.query.deployment_drift import findings_of
    from reconciler.query.live import live_status

    checkout = open_workspace(inputs).checkout
    desired = desired_of(inputs, (), whole=False)
    status = run(
        live_status(
            open_query(inputs),
            inputs.environment,
            lambda actual: findings_of(actual, with_standing(checkout, desired, actual)),
        )
    )
    if status is None:
        raise run(nothing_live(*live_in(inputs)))
    return status
