"""Apply what is in the current directory, and be killed before a step, which is named by argument.

The same code as ``reconcile --yes`` runs, with the one difference that it dies.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from argparse import Namespace

from reconciler.cli.connection import connected, open_workspace
from reconciler.cli.inputs import read_inputs, schedules_of
from reconciler.cli.source import desired_of


def main(wanted: str) -> None:
    """Plan, apply, and die when the step is reached."""
    inputs = read_inputs(Namespace(env="local", schedules=None))
    schedules = schedules_of(inputs)
    with connected(inputs):
        from reconciler.deploy.apply import Step, apply, prepare
        from reconciler.deploy.lease import Holder

        def on_step(step: Step) -> None:
            if step.value == wanted:
                os.kill(os.getpid(), signal.SIGKILL)

        async def run() -> None:
            workspace = open_workspace(inputs)
            plan = await prepare(workspace, desired_of(inputs, schedules))
            await apply(workspace, plan, Holder(owner="doomed"), on_step)

        asyncio.run(run())


if __name__ == "__main__":
    main(sys.argv[1])
