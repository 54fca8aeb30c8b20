"""``reconcile``: plan, show, ask, apply."""

from __future__ import annotations

import getpass
import os
import socket
import sys
from argparse import Namespace
from typing import TYPE_CHECKING

from reconciler.commands.connection import connected, open_workspace, run
from reconciler.commands.inputs import Inputs, read_inputs, schedules_of
from reconciler.errors import ReconcileError
from reconciler.manifest import Schedule
from reconciler.plan import Desired, Plan
from reconciler.report.plan_text import plan_text
from reconciler.report.style import Style

if TYPE_CHECKING:
    from reconciler.workspace.lease import Holder

CHANGES = 2
"""Exit code of ``--detailed-exitcode`` when there are changes."""


def main(args: Namespace) -> int:
    """Plan and, unless this is a dry run, apply. Returns the exit code."""
    inputs = read_inputs(args)
    schedules = schedules_of(inputs)
    with connected(inputs):
        from reconciler.workspace.apply import apply, check_allowed, prepare

        workspace = open_workspace(inputs)
        desired = read_desired(inputs, schedules)
        plan = run(prepare(workspace, desired, allow_deletes=args.allow_deletes))
        _show(plan, args)
        check_allowed(plan)
        if plan.empty:
            return 0
        if args.dry_run:
            return CHANGES if args.detailed_exitcode else 0
        if not args.yes and not _confirmed(plan):
            print("Nothing was changed.", file=sys.stderr)
            return 1
        run(
            apply(
                workspace,
                plan,
                _holder(),
                lambda step: print(f"{step} …", file=sys.stderr),
                allow_deletes=args.allow_deletes,
            )
        )
        print(f"Applied: generation {plan.generation.digest[:12]} is live.", file=sys.stderr)
        if inputs.environment.name == "local":
            print("Its crons fire while `reconcile engine` runs.", file=sys.stderr)
    return CHANGES if args.detailed_exitcode else 0


def read_desired(inputs: Inputs, schedules: tuple[Schedule, ...]) -> Desired:
    """What git says, with the version of the dispatcher that would be deployed."""
    from reconciler.workspace.deployment import dispatcher_digest
    from reconciler.workspace.repository import read_revision

    revision = read_revision(inputs.root, inputs.folder)
    return Desired(
        schedules=schedules,
        settings=inputs.environment,
        repository=revision.repository,
        dispatcher=dispatcher_digest(),
        commit=revision.commit,
        dirty=revision.dirty,
    )


def _holder() -> Holder:
    """Who applies: the actor and the run in GitHub Actions, else the user and the machine."""
    from reconciler.workspace.lease import Holder

    actor = os.environ.get("GITHUB_ACTOR")
    if actor:
        server, repository, run_id = (
            os.environ.get(f"GITHUB_{name}", "") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID")
        )
        link = f"{server}/{repository}/actions/runs/{run_id}" if run_id else None
        return Holder(owner=f"{actor} (GitHub Actions)", link=link)
    return Holder(owner=f"{getpass.getuser()}@{socket.gethostname()}")


def _show(plan: Plan, args: Namespace) -> None:
    if args.format == "json":
        from reconciler.report.plan_document import plan_document

        text = plan_document(plan).model_dump_json(indent=2)
    else:
        text = plan_text(plan, Style.of(sys.stdout))
    print(text, flush=True)


def _confirmed(plan: Plan) -> bool:
    if not sys.stdin.isatty():
        raise ReconcileError(
            "nobody can be asked whether to apply: standard input is not a terminal",
            remedy="Say --yes to apply without asking, or --dry-run to only look.",
        )
    answer = input(f"Apply this to {plan.environment}? Only `yes` is taken as one: ")
    return answer.strip() == "yes"
