"""``reconcile``: plan, show, ask, apply."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from reconciler.cli.confirmation import confirmed, holder
from reconciler.cli.connection import connected, open_workspace
from reconciler.cli.input_files import read_text
from reconciler.cli.inputs import environment_name
from reconciler.cli.plan_output import show, show_applied, show_failure
from reconciler.cli.signals import run, stopping
from reconciler.cli.source import Source, read_source, read_source_before
from reconciler.cli.terminal import say
from reconciler.cron import minute
from reconciler.deploy.apply import (
    MissingTargetError,
    RefusedPlanError,
    apply,
    check_allowed,
    prepare,
)
from reconciler.deploy.checkout import settle_git_variables
from reconciler.deploy.git_records import record_git, record_refusal
from reconciler.deploy.ports import Workspace
from reconciler.disk import write_whole
from reconciler.errors import ReconcileError, RefusedError, StoppedError, command_line
from reconciler.github.annotations import annotate, of_error
from reconciler.github.job import actor, pull_request
from reconciler.github.plan_annotations import of_plan
from reconciler.manifest import LOCAL
from reconciler.plan import Plan, assume_applied, make_plan
from reconciler.plan.ancestry import require_current
from reconciler.plan.chains import commit_to_follow

if TYPE_CHECKING:
    from reconciler.render.saved_plan import SavedPlan

CHANGES = 2
"""Exit code of ``--detailed-exitcode`` when there are changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOptions:
    """The options of the command; see its help."""

    env: str | None
    schedules: str | None
    dry_run: bool
    yes: bool
    detailed_exitcode: bool
    allow_deletes: int
    allow_older: bool
    out: str | None
    plan: str | None
    at: str | None
    alternatives: bool
    against: str | None
    form: str

    def source(self) -> Source:
        """The schedules that are planned; see :func:`read_source`."""
        return read_source(
            self.env,
            self.schedules,
            self.at,
            may_be_empty=self.allow_deletes > 0,
            keep=self.against is not None,
        )


def main(**given: Any) -> int:
    """Plan and, unless this is a dry run, apply. Returns the exit code.

    Args:
        given: the fields of :class:`PlanOptions`.
    """
    options = PlanOptions(**given)
    environment = environment_name(options.env)
    try:
        settle_git_variables(Path.cwd())
        against = options.against
        return _reconcile(options) if against is None else _compare(options, against)
    except (MissingTargetError, RefusedPlanError, StoppedError):
        raise  # the plan, which was shown, says it already, or who stopped it knows
    except ReconcileError as error:
        show_failure(environment, error, options.form)
        annotate(of_error(error))
        raise


def _reconcile(options: PlanOptions) -> int:
    saved = None if options.plan is None else _read_saved(options.plan, dry_run=options.dry_run)
    source = options.source()
    with connected(source.inputs) as goes_on:
        workspace = open_workspace(source.inputs, source.commit)
        records = _Records(workspace, of_branch=options.at is None and pull_request() is None)
        desired = source.desired()
        plan = run(
            prepare(
                workspace,
                desired,
                allow_deletes=options.allow_deletes,
                ancestry=partial(source.ancestry, desired.commit),
                past=partial(source.renames, desired.commit),
            )
        )
        plan = source.judged(plan)
        _show(plan, options)
        applies = not options.dry_run and options.out is None
        with records.refused(plan) if applies else nullcontext():
            if saved is not None:
                saved.require_same(plan, str(options.plan))
            if options.out is not None:
                _save(plan, options.out, options)
            check_allowed(plan)
            if applies and not plan.empty and plan.environment != LOCAL and not options.allow_older:
                require_current(plan.ancestry)
        if plan.empty or not applies:
            records.compared(plan)
            return CHANGES if options.detailed_exitcode and not plan.empty else 0
        if (
            saved is None
            and not options.yes
            and not confirmed(f"Apply this to {plan.environment}?")
        ):
            say("Nothing was changed.")
            return 1
        with stopping(_stopped()), records.refused(plan):
            left = run(
                apply(
                    workspace,
                    plan,
                    holder(),
                    lambda step: say(f"{step} …"),
                    allow_deletes=options.allow_deletes,
                    report=say,
                )
            )
        records.compared(plan, was_applied=True)
        show_applied(plan, options.form)
        if left is not None:
            say(f"{left[0].upper()}{left[1:]}.")
        if source.inputs.environment.name == LOCAL:
            say(_CRONS_FIRE if goes_on else _NO_CRON_FIRES)
    return CHANGES if options.detailed_exitcode else 0


@dataclass(frozen=True, slots=True)
class _Records:
    """What the dashboard shows of git, where there is no checkout.

    Attributes:
        of_branch: whether the commit is what git says, and not a pull request or an older commit.
    """

    workspace: Workspace
    of_branch: bool

    def compared(self, plan: Plan, *, was_applied: bool = False) -> None:
        """In CI, record how git stands to what is live, unless the checkout is older than that."""
        refused = plan.ancestry is not None and plan.ancestry.refused
        if self.of_branch and actor() is not None and not refused:
            run(record_git(self.workspace, plan, holder(), was_applied=was_applied))

    @contextmanager
    def refused(self, plan: Plan) -> Iterator[None]:
        """Record an apply that is refused."""
        try:
            yield
        except (MissingTargetError, RefusedError) as error:
            run(record_refusal(self.workspace, plan, holder(), error.what))
            raise


_CRONS_FIRE: Final = "Its crons fire while `reconcile engine` runs."
_NO_CRON_FIRES: Final = (
    "No cron fires now, because the embedded Modal is not running.\n"
    "Start it in a terminal of its own: reconcile engine"
)


def _stopped() -> StoppedError:
    return StoppedError(
        "no lease is held, and the apply may be done in part",
        remedy="Run it again, which completes it.",
    )


def _compare(options: PlanOptions, against: str) -> int:
    """Plan offline: what the present state of the repository changes since it left a branch."""
    from reconciler.deploy.revisions import committed_at, merge_base

    if options.yes or options.plan is not None or options.out is not None:
        raise ReconcileError(
            "--against plans offline, and what it plans cannot be applied",
            remedy="Leave out --against to plan on what is live.",
        )
    source = options.source()
    base = merge_base(Path.cwd(), against, source.commit or "HEAD")
    before = read_source_before(options.env, options.schedules, base, source.inputs)
    now = minute(datetime.now(UTC))
    # Applied when it was committed, and not now: the same two commits are always the same plan.
    actual = assume_applied(before.desired(), min(now, committed_at(Path.cwd(), base)))
    desired = source.desired()
    if commit_to_follow(desired, actual) is not None:
        desired = replace(desired, past=source.renames(desired.commit, base))
    plan = make_plan(desired, actual, now, allow_deletes=options.allow_deletes)
    plan = source.judged(plan, before)
    _show(plan, options)
    check_allowed(plan)
    return CHANGES if options.detailed_exitcode and not plan.empty else 0


def _show(plan: Plan, options: PlanOptions) -> None:
    show(plan.with_alternatives() if options.alternatives else plan, options.form)
    annotate(of_plan(plan))


def _read_saved(file: str, *, dry_run: bool) -> SavedPlan:
    from reconciler.render.saved_plan import SavedPlan

    if dry_run:
        raise ReconcileError(
            "--plan applies a saved plan, and --dry-run applies nothing",
            remedy="Leave out one of them.",
        )
    return SavedPlan.decode(read_text(Path(file)).encode(), file)


def _save(plan: Plan, file: str, options: PlanOptions) -> None:
    from reconciler.render.saved_plan import SavedPlan

    content = SavedPlan.of(plan).encode()
    write_whole(Path(file), content.encode())
    allowed = f" --allow-deletes {options.allow_deletes}" if options.allow_deletes else ""
    if options.allow_older or (
        plan.environment != LOCAL and plan.ancestry is not None and plan.ancestry.refused
    ):
        allowed += " --allow-older"
    command = command_line(f"--plan {file}{allowed}", options.env)
    say(f"Saved. To apply exactly this: {command}")
