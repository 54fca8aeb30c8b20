"""``reconcile unlock``: release the lease of an apply that has died."""

from __future__ import annotations

import sys
from argparse import Namespace

from reconciler.cli.connection import connected, open_workspace
from reconciler.cli.inputs import read_inputs
from reconciler.cli.signals import run, stopping
from reconciler.errors import StoppedError


def main(args: Namespace) -> int:
    """Release the lease with this number. Returns the exit code."""
    inputs = read_inputs(args)
    with connected(inputs):
        from reconciler.deploy.lease import break_lease

        workspace = open_workspace(inputs)
        with stopping(_stopped(args.number)):
            run(break_lease(workspace.claims, workspace.clock, args.number))
    print(f"Lease {args.number} is free.", file=sys.stderr)
    return 0


def _stopped(number: int) -> StoppedError:
    return StoppedError(f"lease {number} may be free or not", remedy="Run it again, which says so.")
