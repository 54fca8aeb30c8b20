"""``reconcile alerts test``: whether alerts reach their recipients."""

from __future__ import annotations

from reconciler.cli.connection import connected
from reconciler.cli.inputs import read_inputs
from reconciler.cli.json_output import print_json
from reconciler.cli.signals import run
from reconciler.errors import ReconcileError
from reconciler.render.json_format import OUTPUT_FORMAT


def send_test(*, env: str | None, schedules: str | None, form: str) -> int:
    """Send a test alert to each recipient. Returns 0, or 1 when one did not take it.

    Raises:
        ReconcileError: no alert has a recipient, or nothing was applied yet.
    """
    inputs = read_inputs(env, schedules)
    own = inputs.environment
    with connected(inputs):
        from reconciler.deploy.invocation import send_test_alerts

        sent = run(send_test_alerts(own.app, own.modal))
    if not sent:
        raise ReconcileError(
            f"no alert has a recipient in {own.name}",
            remedy="Add `alerts: {to: …}` to reconciler.yaml, and apply it: docs/alerts.md.",
        )
    if form == "json":
        print_json({"format": OUTPUT_FORMAT, "sent": sent})
    else:
        for one in sent:
            outcome = "sent  " if one["error"] is None else "failed"
            reason = "" if one["error"] is None else f": {one['error']}"
            print(f"{outcome}  {one['to']} ({one['format']}){reason}")
    return 1 if any(one["error"] is not None for one in sent) else 0
