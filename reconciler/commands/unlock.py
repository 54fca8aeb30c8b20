"""``reconcile unlock``: take the lease from an apply that is dead."""

from __future__ import annotations

import sys
from argparse import Namespace

from reconciler.commands.connection import connected, open_workspace, run
from reconciler.commands.inputs import read_inputs


def main(args: Namespace) -> int:
    """Break the lease with the number that was shown. Returns the exit code."""
    inputs = read_inputs(args)
    with connected(inputs):
        from reconciler.workspace.lease import break_lease

        workspace = open_workspace(inputs)
        run(break_lease(workspace.claims, workspace.clock, args.number))
    print(f"Lease {args.number} is free.", file=sys.stderr)
    return 0
