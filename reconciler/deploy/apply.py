"""Carry out a plan, step by step, each of which can be the last.

The order is what makes a crash harmless. The generation is written before anything points to it;
the slots are deployed before the pointer is flipped, so that what is live is woken for; the tags
follow, and say that the apply is finished. Running it again goes on from whatever is live.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from functools import partial
from typing import Final
from uuid import uuid4

from reconciler.cron import minute
from reconciler.deploy.apply_records import next_record, read_record
from reconciler.deploy.beginnings import with_beginnings
from reconciler.deploy.from_env import digests, read_salt, taken
from reconciler.deploy.lease import Holder, Lease, LeaseLostError, held_lease
from reconciler.deploy.observation import observe
from reconciler.deploy.owner import with_standing
from reconciler.deploy.ports import CronLimitError, Deployment, Workspace
from reconciler.deploy.pruning import Pruning
from reconciler.deploy.target_steps import TargetSteps
from reconciler.deploy.worker_steps import WorkerSteps
from reconciler.dispatch.adapters.at_once import together
from reconciler.dispatch.answers import UnavailableError
from reconciler.dispatch.wake.cursor_entry import rewrite
from reconciler.errors import ReconcileError, RefusedError, one_line
from reconciler.manifest import CodeTarget
from reconciler.model.cursor import CLOCK_TOLERANCE, Cursor
from reconciler.model.formats import FormatError
from reconciler.model.generation import generation_path
from reconciler.model.pointer import (
    POINTER_PATH,
    PROTECTED_KEY,
    Pointer,
    Renames,
    protection_entry,
    renames_in,
)
from reconciler.model.runs_file import format_time
from reconciler.plan import Actual, Desired, Kind, Plan, make_plan, own_tags
from reconciler.plan.ancestry import Ancestry
from reconciler.plan.chains import commit_to_follow
from reconciler.plan.change import Change
from reconciler.plan.headline import headline
from reconciler.plan.notification_rules import secrets_digest
from reconciler.plan.ownership import ownership_change
from reconciler.plan.past import NOTHING_READ, Past
from reconciler.plan.tags import GENERATION_TAG, VOLUME_TAG, owner_tags, protected_digest
from reconciler.plan.web_app import live_web, old_key_of, web_tags


class Step(StrEnum):
    """The steps of an apply, in their order."""

    OBSERVE = "observe"
    WRITE_GENERATION = "write generation"
    BUILD_IMAGES = "build images"
    """Taken when an image of a code target changed."""
    DEPLOY_TARGETS = "deploy functions"
    """Taken when a code target changed."""
    DEPLOY = "deploy"
    FLIP_POINTER = "flip pointer"
    WORKER = "worker"
    """Taken when the Worker on Cloudflare is deployed or deleted, and again after the pointer's
    flip when it was deployed with earlier minutes as well."""
    SET_TAGS = "set tags"
    WEB = "web"
    """Taken when the app of the HTTP API is deployed or removed."""
    REMOVE_TARGETS = "remove functions"
    """Taken when a code target has retired."""
    VERIFY = "verify"
    PRUNE = "remove old records"
    """Taken when there are some."""


OCCASIONAL: Final = frozenset(
    {Step.BUILD_IMAGES, Step.DEPLOY_TARGETS, Step.REMOVE_TARGETS, Step.WEB, Step.WORKER, Step.PRUNE}
)
"""Steps that are taken only when there is something to do in them."""


class StalePlanError(RefusedError):
    """What is live changed after the plan was made."""


class RefusedPlanError(RefusedError):
    """Safety rules forbid the plan."""


class MissingTargetError(ReconcileError):
    """Schedules call functions that are not deployed."""


class NotConvergedError(ReconcileError):
    """After the apply, what is live is still not what git says."""


async def prepare(
    workspace: Workspace,
    desired: Desired,
    *,
    allow_deletes: int = 0,
    ancestry: Callable[[Pointer], Ancestry | None] = lambda _: None,
    past: Callable[[str], Past] = lambda _: NOTHING_READ,
) -> Plan:
    """Observe what is live and plan.

    Args:
        ancestry: how the commit stands to what the pointer says is live.
        past: reads the renames between a live commit and the planned one; called when it matters.

    Raises:
        MissingSecretError: the app would have to carry a Modal Secret that is not there.
        UnavailableError: something could not be read. The rates may be missing.
    """
    actual, rates = await together(
        observe(
            desired.settings,
            workspace.apps,
            workspace.files,
            workspace.claims,
            workers=workspace.workers,
        ),
        workspace.apps.rates(),
    )
    now = minute(workspace.clock.now())
    desired = with_standing(workspace.checkout, desired, actual)
    actual = await with_beginnings(actual, workspace.files, now)
    live = commit_to_follow(desired, actual)
    if live is not None:
        desired = replace(desired, past=past(live))
    desired = await _with_variables(desired, workspace)
    plan = make_plan(
        desired,
        actual,
        now,
        allow_deletes=allow_deletes,
        rates=rates,
        ancestry=None if actual.pointer is None else ancestry(actual.pointer),
    )
    if plan.deploy:
        await workspace.apps.require_secrets(plan.secrets)
    return plan


async def _with_variables(desired: Desired, workspace: Workspace) -> Desired:
    """With the digests of the variables that code targets take and that are set."""
    names = {
        name
        for schedule in desired.schedules
        if isinstance(schedule.target, CodeTarget)
        for name in schedule.target.options.from_env
    }
    values = taken(names, workspace.environ)
    salt = await read_salt(workspace.files) if values else None
    if salt is None:
        return desired
    return replace(desired, variables=await digests(values, salt))


def check_allowed(plan: Plan) -> None:
    """Raise if the plan must not be carried out.

    Raises:
        MissingTargetError: a schedule's function is not there.
        RefusedPlanError: a safety rule forbids it.
    """
    if plan.missing:
        first, *others = plan.missing
        more = f"; {len(others)} more call functions that are not deployed" if others else ""
        raise MissingTargetError(
            first.message + more, where=str(first.location), remedy=first.remedy
        )
    if plan.refusals:
        *before, last = plan.refusals
        shown = "".join(f"{refusal.message}\n  {refusal.remedy}\n" for refusal in before)
        raise RefusedPlanError(shown + last.message, remedy=last.remedy)


async def apply(
    workspace: Workspace,
    plan: Plan,
    holder: Holder,
    on_step: Callable[[Step], None],
    *,
    allow_deletes: int = 0,
    report: Callable[[str], None] = lambda _line: None,
) -> str | None:
    """Carry out the plan.

    Args:
        holder: who applies, for the lease and the pointer.
        on_step: is called with each step before it is taken.
        allow_deletes: as the plan was made with.
        report: receives a line for each code target that is deployed.

    Returns:
        Why records of old applies are still there, in one sentence; None when all went well.

    Raises:
        MissingTargetError, RefusedPlanError: see :func:`check_allowed`; nothing was done.
        LeaseHeldError: another apply is running; nothing was done.
        StalePlanError: what is live is not what was planned on; nothing was done.
        UnknownAccountError: the Worker is to be changed, and its account is unknown; nothing was
            done.
        MissingVariableError: a code target takes a variable that is not set; nothing was done.
        ImageNotBuiltError: the image of a code target cannot be built; what was live stays live.
        CronLimitError: Modal refused the crons; what was live stays live.
        LeaseLostError: another apply took over in the middle.
        LeaseLeftError: all was done, but the next apply has to wait.
        NotConvergedError: something else changed what is live meanwhile.
        UnavailableError: a call failed. Running it again goes on from there.
    """
    check_allowed(plan)
    if plan.empty:
        return None
    targets, worker = TargetSteps(workspace, plan, report), WorkerSteps(workspace, plan, report)
    targets.require_variables()
    worker.require_token()
    async with held_lease(workspace.claims, workspace.clock, holder) as lease:
        application = _Application(
            workspace, plan, holder, lease, on_step, allow_deletes, targets, worker
        )
        return await application.run()


@dataclass(frozen=True, slots=True)
class _Application:
    workspace: Workspace
    plan: Plan
    holder: Holder
    lease: Lease
    on_step: Callable[[Step], None]
    allow_deletes: int
    targets: TargetSteps
    worker: WorkerSteps

    async def run(self) -> str | None:
        await self.begin(Step.OBSERVE)
        await self.require_fresh()
        generation = self.plan.generation
        await self.begin(Step.WRITE_GENERATION)
        await self.workspace.files.write(generation_path(generation.digest), generation.encoded)
        if self.targets.built:
            await self.begin(Step.BUILD_IMAGES)
            await self.targets.build_images()
        if self.plan.deploy_targets:
            await self.begin(Step.DEPLOY_TARGETS)
            await self.targets.deploy()
        if self.worker.deploys and (self.web_change is not None or self.worker.makes_key):
            await self.begin(Step.WEB)
            if self.worker.makes_key:
                await self.worker.make_key()
            await self.change_web()
        own = self.plan.actual.own
        app, volume = None if own is None else own.id, self.plan.actual.mounted
        if self.plan.deploy:
            await self.begin(Step.DEPLOY)
            deployed = await self.deploy()
            app, volume = deployed.app, deployed.volume
        elif own is not None and any(ownership_change(self.plan.actual, self.plan.desired)):
            # As a deploy does: what the pointer says of the owner counts only where a tag says it.
            owner = owner_tags(self.plan.desired.owner, own.tags)
            await self.workspace.apps.set_tags({**own.tags, **owner})
        if self.plan.worker_change is not None:
            await self.begin(Step.WORKER)
            if self.worker.deletes:
                await self.worker.delete()
            else:
                await self.worker.deploy(self.worker.with_earlier)
        await self.begin(Step.FLIP_POINTER)
        pointer = self.pointer()
        await self.record(pointer, app)
        # Before the pointer: a crash in between leaves names of both generations, and never fewer.
        await self.protect(self.plan.actual)
        await self.workspace.files.write(POINTER_PATH, pointer.encode())
        await self.set_cursor_back()
        if self.worker.is_deployed_again:
            await self.begin(Step.WORKER)
            await self.worker.deploy()
        await self.begin(Step.SET_TAGS)
        tags = dict(self.plan.tags)
        await self.workspace.apps.set_tags(tags if volume is None else {**tags, VOLUME_TAG: volume})
        await self.protect()
        if self.web_change is not None and not self.worker.deploys:
            await self.begin(Step.WEB)
            await self.change_web()
        if self.plan.removed_targets:
            await self.begin(Step.REMOVE_TARGETS)
            await self.targets.remove()
        await self.begin(Step.VERIFY)
        await self.require_converged()
        return await self.prune(pointer)

    @property
    def web_change(self) -> Change | None:
        """What is done to the app of the HTTP API; None where nothing is."""
        changes = (*self.plan.changes, *self.plan.drift)
        return next((one for one in changes if one.kind is Kind.WEB), None)

    async def change_web(self) -> None:
        """Deploy or remove the app of the HTTP API: after all else, which does not need it, but
        for the Worker, which calls it."""
        apps, planned, change = self.workspace.apps, self.plan.web, self.web_change
        if planned is None:
            assert change is not None, "it is removed, or deployed"
            await apps.remove_target(change.name)
            self.targets.report(f"  app {change.name} is removed")
            return
        tags = web_tags(self.plan.desired.owner, self.plan.app, planned)
        live = live_web(self.plan.actual, self.plan.app)
        address = await apps.deploy_web(planned, tags)
        old = None if live is None else old_key_of(live.tags)
        if old is not None and old[1] != planned.old_key:
            await apps.remove_secret(old[1])
        self.targets.report(f"  app {planned.app} is deployed at {address}")

    async def prune(self, pointer: Pointer) -> str | None:
        """Remove what is old. All is applied by now: what stands in the way is only reported."""
        ports = self.workspace
        history = self.plan.desired.settings.history
        pruning = Pruning(
            ports.files, ports.clock, pointer, history, partial(self.begin, Step.PRUNE)
        )
        try:
            await pruning.run()
        except (UnavailableError, FormatError, LeaseLostError) as error:
            why = one_line(error)
            return f"records of old applies are still there, and left to the next apply: {why}"
        return None

    async def protect(self, before: Actual | None = None) -> None:
        """Store which schedules are protected and renamed, where that outlives the Volume.

        Args:
            before: what was live, while it may still be; None afterwards.
        """
        generation, others = self.plan.generation, frozenset[str]()
        renames: dict[str, Renames] = {}
        if before is not None:
            others = before.protected or others
            known = [one for one in (before.applied, before.live) if one is not None]
            renames = {one.digest: renames_in(one) for one in known} | dict(before.renames)
            renames.pop(generation.digest, None)  # the newest is last
        declared = (one.name for one in self.plan.desired.schedules if one.formerly)
        renames[generation.digest] = renames_in(generation, declared)
        entry = protection_entry([*generation.protected, *others], len(generation.records), renames)
        await self.workspace.claims.put(PROTECTED_KEY, entry)

    async def set_cursor_back(self) -> None:
        """Set back a cursor that is ahead. Where that fails, the next wake does so."""
        now = minute(self.workspace.clock.now())
        through = self.plan.actual.through
        if through is not None and through > now + CLOCK_TOLERANCE:
            with suppress(UnavailableError):
                await rewrite(
                    self.workspace.claims,
                    f"apply/{uuid4().hex}",
                    Cursor(),
                    lambda found: found.set_back(now),
                )

    async def begin(self, step: Step) -> None:
        self.on_step(step)
        await self.lease.renew()

    async def observed(self) -> Actual:
        ports = self.workspace
        settings, workers = self.plan.desired.settings, ports.workers
        return await observe(settings, ports.apps, ports.files, ports.claims, workers=workers)

    async def require_fresh(self) -> None:
        seen = await self.observed()
        if seen.digest != self.plan.actual.digest:
            raise StalePlanError(
                "what is live changed after this plan was made; nothing was applied",
                remedy="Run reconcile again to plan on what is live now.",
            )

    async def deploy(self) -> Deployment:
        before = self.plan.actual.own
        tags = own_tags(
            owner=self.plan.desired.owner,
            generation=None if before is None else before.tags.get(GENERATION_TAG),
            dispatcher=self.plan.desired.dispatcher,
            secrets=secrets_digest(self.plan.secrets),
            protected=protected_digest(
                [*self.plan.generation.protected, *(self.plan.actual.protected or ())]
            ),
            before=None if before is None else before.tags,
        )
        try:
            return await self.workspace.apps.deploy(
                self.plan.generation.slots, tags, self.plan.secrets
            )
        except CronLimitError as error:
            raise await self.explained(error) from error

    async def explained(self, error: CronLimitError) -> CronLimitError:
        """The refusal with what Modal does not say: who holds which crons."""
        held = (await self.observed()).foreign or self.plan.budget.foreign
        holders = "\n".join(f"    {c.app}/{c.function}  {c.text}  in {c.environment}" for c in held)
        return CronLimitError(
            f"Modal refused the deploy: {error.what}. What was live stays live, and nothing else "
            f"was changed. This plan needs {len(self.plan.slots)} crons; others hold "
            f"{len(held)}:\n{holders}".rstrip(":\n"),
            remedy="Free a cron, or set `crons:` in reconciler.yaml to what the plan of the "
            "workspace allows, and run reconcile again. Crons of a stopped app may come free late.",
        )

    def pointer(self) -> Pointer:
        before = self.plan.actual.pointer
        return Pointer(
            generation=self.plan.generation.digest,
            commit=self.plan.desired.commit,
            dirty=self.plan.desired.dirty,
            by=self.holder.owner,
            at=self.time(),
            previous=None if before is None else before.generation,
            author=self.plan.desired.author,
            link=self.holder.link,
            number=self.plan.actual.number + 1,
            protected=self.plan.generation.protected,
            identity=str(self.plan.desired.owner.identity),
            rolled_back_from=self.plan.desired.head,
        )

    def time(self) -> str:
        """Now, ISO 8601; by whole seconds later than the apply before, since times order records.

        A clock that is a minute or more behind that of the apply before is written down as it is.
        """
        now = self.workspace.clock.now()
        before = self.plan.actual.pointer
        times = [format_time(now + timedelta(seconds=seconds)) for seconds in range(60)]
        return next((at for at in times if before is None or at > before.at), times[0])

    async def record(self, pointer: Pointer, app: str | None) -> None:
        """Say what this apply does, for ``history``; a damaged record before it is passed over."""
        files = self.workspace.files
        try:
            before = await read_record(files, self.plan.actual.pointer)
        except FormatError:
            before = None
        record = next_record(self.plan, pointer, before, headline(self.plan), app)
        await files.write(record.path, record.encode())

    async def require_converged(self) -> None:
        # What has woken us meanwhile counts for the next plan.
        live = replace(await self.observed(), wakes=self.plan.actual.wakes)
        now = minute(self.workspace.clock.now())
        left = make_plan(self.plan.desired, live, now, allow_deletes=self.allow_deletes)
        # What has become removable meanwhile waits for the next plan.
        planned = {one.live.app for one in self.plan.removed_targets}
        later = {one.live.app for one in left.removed_targets} - planned
        changes = [
            change
            for change in (*left.changes, *left.drift)
            if change.kind is not Kind.TARGET or change.name not in later
        ]
        if changes:
            listed = ", ".join(f"{change.kind} {change.name}" for change in changes[:5])
            raise NotConvergedError(
                f"after the apply, {len(changes)} differences are left: {listed}",
                remedy="Something else changes what is live. Run reconcile again.",
            )
