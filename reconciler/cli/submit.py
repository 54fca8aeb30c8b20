"""``reconcile submit`` and ``reconcile result``: calls that are started now."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from reconciler.cli.connection import connected, open_query
from reconciler.cli.inputs import read_inputs
from reconciler.cli.json_output import print_json, to_json
from reconciler.cli.signals import run
from reconciler.cli.terminal import say
from reconciler.errors import ReconcileError
from reconciler.render.json_format import OUTPUT_FORMAT

if TYPE_CHECKING:
    from reconciler.query.ports import QueryPorts

PATIENCE: Final = 24 * 3600.0
"""How many seconds ``--wait`` waits: no call runs longer."""


def submit(
    *, env: str | None, schedules: str | None, function: str, args: str, wait: bool, form: str
) -> int:
    """Start a call and print its id, or wait for it and print its result. Returns the exit code."""
    inputs = read_inputs(env, schedules)
    arguments = _arguments(args)
    with connected(inputs):
        from reconciler.client import submit_async

        call = run(submit_async(function, arguments, environment=inputs.environment.modal))
        if inputs.environment.web is not None:
            run(_remember(open_query(inputs), call, function))
        if wait:
            say(f"Started as {call}.")
            return _show_result(call, PATIENCE, form)
    print(to_json({"format": OUTPUT_FORMAT, "call": call}, indent=None) if form == "json" else call)
    return 0


async def _remember(ports: QueryPorts, call: str, function: str) -> None:
    """Let the HTTP API show its result too. The call runs also when that fails."""
    from reconciler.client.jobs import remember_call
    from reconciler.dispatch.answers import UnavailableError

    with suppress(UnavailableError):
        await remember_call(
            ports.claims, call, function=function, by="reconcile submit", now=ports.clock.now()
        )


def result(*, env: str | None, schedules: str | None, call: str, wait: bool, form: str) -> int:
    """Print the state of a call. Returns 0 when it is done or pending, else 1."""
    with connected(read_inputs(env, schedules)):
        return _show_result(call, PATIENCE if wait else 0, form)


def _show_result(call: str, patience: float, form: str) -> int:
    from reconciler.client import JobState, result_async
    from reconciler.client.jobs import plain_value

    outcome = run(result_async(call, timeout=patience))
    error = outcome.error
    if outcome.state is JobState.EXPIRED:
        error = f"there is no call {call}, or Modal has dropped its result (after 7 days)"
    if form == "json":
        fields = {"state": outcome.state.value, "value": plain_value(outcome.value), "error": error}
        print_json({"format": OUTPUT_FORMAT, "call": call, **fields})
    else:
        shown = error if outcome.value is None else to_json(plain_value(outcome.value), indent=None)
        print(outcome.state.value if shown is None else f"{outcome.state.value}  {shown}")
    return 0 if outcome.state in (JobState.DONE, JobState.PENDING) else 1


def _arguments(text: str) -> dict[str, object]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ReconcileError(f"--args is not JSON: {error}", remedy=_EXAMPLE) from error
    if not isinstance(found, dict):
        raise ReconcileError("--args must be a JSON object", remedy=_EXAMPLE)
    return found


_EXAMPLE: Final = 'For example --args \'{"window": "24h"}\'.'
