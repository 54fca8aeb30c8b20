"""What would be live after an apply, without asking Modal: how two git revisions are compared."""

from __future__ import annotations

from dataclasses import replace

from reconciler.cron import instant
from reconciler.model.generation import CRONLESS
from reconciler.model.runs_file import format_time
from reconciler.plan.notification_rules import secrets_digest, secrets_of
from reconciler.plan.plan import Plan, make_plan
from reconciler.plan.state import Actual, Desired, OwnApp
from reconciler.plan.tags import own_tags


def assume_applied(desired: Desired, now: int) -> Actual:
    """The state that a finished apply of a commit leaves behind in an otherwise empty workspace.

    What only Modal knows is left open: which functions exist, who holds other crons, how far the
    wakes have come. A Worker on Cloudflare counts as one that has woken the dispatcher since, so
    that Modal's other crons have retired.

    Args:
        desired: what git says at the commit.
        now: epoch minute.
    """
    nothing = Actual(own=None, revision=desired.commit)
    if not desired.schedules and desired.settings.tasks is None:
        return nothing
    plan = make_plan(desired, nothing, now)
    if plan.worker is not None:
        wakes = {plan.worker.data.source: format_time(instant(now))}
        plan = make_plan(desired, replace(_applied(plan), wakes=wakes), now)
    return _applied(plan)


def _applied(plan: Plan) -> Actual:
    """The state after an apply of a plan."""
    desired, generation, volume = plan.desired, plan.generation, "assumed"
    functions = sorted([*CRONLESS, *(slot.name for slot in generation.slots)])
    return Actual(
        own=OwnApp(
            slots=generation.slots,
            functions=tuple(functions),
            tags=own_tags(
                owner=desired.owner,
                generation=None,
                dispatcher=desired.dispatcher,
                secrets=secrets_digest(secrets_of(generation)),
                volume=volume,
                web=None if plan.web is None else plan.web.digest,
                worker=None if plan.worker is None else plan.worker.applied.tags,
            ),
        ),
        volume=volume,
        protected=frozenset(generation.protected),
        live=generation,
        revision=desired.commit,
    )
