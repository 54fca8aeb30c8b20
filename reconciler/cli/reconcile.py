"""``reconcile``: plan, show, ask, apply."""

from __future__ import annotations

import sys
from argparse import Namespace
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.confirmation import confirmed, holder
from reconciler.cli.connection import connected, open_workspace
from reconciler.cli.input_files import read_text
from reconciler.cli.inputs import environment_name
from reconciler.cli.plan_output import show, show_applied, show_failure
from reconciler.cli.signals import run, stopping
from reconciler.cli.source import read_source, read_source_before
from reconciler.cron import minute
from reconciler.deploy.apply import (
    MissingTargetError,
    RefusedPlanError,
    apply,
    check_allowed,
    prepare,
)
from reconciler.deploy.checkout import settle_git_variables
from reconciler.disk import write_whole
from reconciler.errors import ReconcileError, StoppedError, command_line
from reconciler.github.annotations import annotate, of_error, of_plan
from reconciler.manifest import LOCAL
from reconciler.plan import Plan, assume_applied, make_plan
from reconciler.plan.ancestry import require_current
from reconciler.plan.chains import commit_to_follow

if TYPE_CHECKING:
    from reconciler.render.saved_plan import SavedPlan

CHANGES = 2
"""Exit code of ``--detailed-exitcode`` when there are changes."""


def main(args: Namespace) -> int:
    """Plan and, unless this is a dry run, apply. Returns the exit code."""
    environment = environment_name(args)
    try:
        settle_git_variables(Path.cwd())
        return _reconcile(args) if args.against is None else _compare(args)
    except (MissingTargetError, RefusedPlanError, StoppedError):
        raise  # the plan, which was shown, says it already, or who stopped it knows
    except ReconcileError as error:
        show_failure(environment, error, args.format)
        annotate(of_error(error))
        raise


def _reconcile(args: Namespace) -> int:
    saved = None if args.plan is None else _read_saved(args)
    source = read_source(args)
    with connected(source.inputs):
        workspace = open_workspace(source.inputs, source.commit)
        desired = source.desired()
        plan = run(
            prepare(
                workspace,
                desired,
                allow_deletes=args.allow_deletes,
                ancestry=partial(source.ancestry, desired.commit),
                past=partial(source.renames, desired.commit),
            )
        )
        _show(plan, args)
        if saved is not None:
            saved.require_same(plan, args.plan)
        if args.out is not None:
            _save(plan, args)
        check_allowed(plan)
        if plan.empty:
            return 0
        if args.dry_run or args.out is not None:
            return CHANGES if args.detailed_exitcode else 0
        if plan.environment != LOCAL and not args.allow_older:
            require_current(plan.ancestry)
        if saved is None and not args.yes and not confirmed(f"Apply this to {plan.environment}?"):
            print("Nothing was changed.", file=sys.stderr)
            return 1
        with stopping(_stopped()):
            left = run(
                apply(
                    workspace,
                    plan,
                    holder(),
                    lambda step: print(f"{step} …", file=sys.stderr),
                    allow_deletes=args.allow_deletes,
                )
            )
        show_applied(plan, args.format)
        if left is not None:
            print(f"{left[0].upper()}{left[1:]}.", file=sys.stderr)
        if source.inputs.environment.name == LOCAL:
            print("Its crons fire while `reconcile engine` runs.", file=sys.stderr)
    return CHANGES if args.detailed_exitcode else 0


def _stopped() -> StoppedError:
    return StoppedError(
        "no lease is held, and the apply may be done in part",
        remedy="Run it again, which completes it.",
    )


def _compare(args: Namespace) -> int:
    """Plan offline: what the present state of the repository changes since it left a branch."""
    from reconciler.deploy.revisions import committed_at, merge_base

    if args.yes or args.plan is not None or args.out is not None:
        raise ReconcileError(
            "--against plans offline, and what it plans cannot be applied",
            remedy="Leave out --against to plan on what is live.",
        )
    source = read_source(args)
    base = merge_base(Path.cwd(), args.against, source.commit or "HEAD")
    before = read_source_before(args, base, source.inputs)
    now = minute(datetime.now(UTC))
    # Applied when it was committed, and not now: the same two commits are always the same plan.
    actual = assume_applied(before.desired(), min(now, committed_at(Path.cwd(), base)))
    desired = source.desired()
    if commit_to_follow(desired, actual) is not None:
        desired = replace(desired, past=source.renames(desired.commit, base))
    plan = make_plan(desired, actual, now, allow_deletes=args.allow_deletes)
    _show(plan, args)
    check_allowed(plan)
    return CHANGES if args.detailed_exitcode and not plan.empty else 0


def _show(plan: Plan, args: Namespace) -> None:
    show(plan.with_alternatives() if args.alternatives else plan, args.format)
    annotate(of_plan(plan))


def _read_saved(args: Namespace) -> SavedPlan:
    from reconciler.render.saved_plan import SavedPlan

    if args.dry_run:
        raise ReconcileError(
            "--plan applies a saved plan, and --dry-run applies nothing",
            remedy="Leave out one of them.",
        )
    return SavedPlan.decode(read_text(Path(args.plan)).encode(), args.plan)


def _save(plan: Plan, args: Namespace) -> None:
    from reconciler.render.saved_plan import SavedPlan

    content = SavedPlan.of(plan).encode()
    write_whole(Path(args.out), content.encode())
    allowed = f" --allow-deletes {args.allow_deletes}" if args.allow_deletes else ""
    if args.allow_older or (
        plan.environment != LOCAL and plan.ancestry is not None and plan.ancestry.refused
    ):
        allowed += " --allow-older"
    command = command_line(f"--plan {args.out}{allowed}", args.env)
    print(f"Saved. To apply exactly this: {command}", file=sys.stderr)
