"""``reconcile unlock``: release the lease of an apply that has died."""

from __future__ import annotations

from reconciler.cli.connection import connected, open_workspace
from reconciler.cli.inputs import read_inputs
from reconciler.cli.signals import run, stopping
from reconciler.cli.terminal import say
from reconciler.errors import StoppedError


def main(*, env: str | None, schedules: str | None, number: int) -> int:
    """Release the lease with this number. Returns the exit code."""
    inputs = read_inputs(env, schedules)
    with connected(inputs):
        from reconciler.deploy.lease import break_lease

        workspace = open_workspace(inputs)
        with stopping(_stopped(number)):
            run(break_lease(workspace.claims, workspace.clock, number))
    say(f"Lease {number} is free.")
    return 0


def _stopped(number: int) -> StoppedError:
    return StoppedError(f"lease {number} may be free or not", remedy="Run it again, which says so.")
