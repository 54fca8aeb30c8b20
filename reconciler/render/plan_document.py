"""A plan as JSON: stable within ``format: 2``; its schema is generated from these models."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from reconciler.cron.clock import MINUTES_PER_DAY
from reconciler.manifest import Packing
from reconciler.manifest.cloudflare_settings import Mode
from reconciler.model.occurrence import format_minute
from reconciler.plan import Action, Change, Kind, Plan, SafetyRule
from reconciler.plan.dependencies import PlannedWaits
from reconciler.plan.source_costs import compared_sources
from reconciler.plan.tz_change import TzChange
from reconciler.plan.worker import PlannedWorker
from reconciler.render.document_part import Part
from reconciler.render.effect_document import EffectPart, effect_part
from reconciler.render.findings import RulesPart, rules_part
from reconciler.render.json_format import OUTPUT_FORMAT


class DesiredPart(Part):
    """What git says."""

    commit: str | None = Field(description="The git commit; null outside git.")
    dirty: bool = Field(description="Whether the work tree differs from that commit.")
    digest: str = Field(description="SHA-256 over the schedules.")
    schedules: int = Field(ge=0)


class LivePart(Part):
    """What is live."""

    generation: str | None = Field(description="The live generation; null before the first apply.")
    digest: str = Field(description="SHA-256 over all that the plan depends on.")
    commit: str | None = Field(
        description="The commit that stands for what is live, when planned offline; else null."
    )


class ChangePart(Part):
    """One change, or one repair."""

    action: Action
    kind: Kind
    name: str
    reason: str
    file: str | None
    line: int | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class SlotPart(Part):
    """One cron that would be deployed."""

    slot: str
    cron: str
    timezone: str
    schedules: list[str]
    wakes_per_month: int = Field(ge=0)
    idle_wakes_per_month: int = Field(
        ge=0,
        description="Of a solo slot, how many of them come when its schedule is not due: a cron in "
        "UTC wakes at every offset of the schedule's zone. 0 for other slots.",
    )


class ForeignPart(Part):
    """A cron that another app of the workspace holds."""

    environment: str
    app: str
    function: str
    schedule: str


class BudgetPart(Part):
    """The crons of the workspace."""

    limit: int | None = Field(description="What the workspace's plan allows; null without limit.")
    foreign: list[ForeignPart]
    reserve: int = Field(ge=0, description="How many stay free for others.")
    available: int | None = Field(description="How many we may deploy; null without limit.")
    used: int = Field(ge=0)


class WakesPart(Part):
    """Wakes per month."""

    per_month: int = Field(ge=0)
    floor: int = Field(ge=0, description="Distinct minutes in which something is due.")
    every_minute: int = Field(description="Of a poller that wakes every minute.")
    saved_by_tolerance: int = Field(
        ge=0, description="How many more wakes there would be without `tolerance`."
    )


class PricingPart(Part):
    """What a wake costs, and how that is known."""

    rates: Literal["workspace", "list"] = Field(
        description="`workspace`: its own, as Modal reports them; `list`: the published price."
    )
    usd_per_core_hour: float = Field(ge=0)
    usd_per_gib_hour: float = Field(ge=0)
    seconds_per_wake: float = Field(
        ge=0, description="Billed, with the start of the container and its idle time."
    )
    wakes_measured: int = Field(ge=0, description="0 when the seconds are assumed.")


class AlternativePart(Part):
    """What another choice would cost."""

    packing: Packing
    crons: int = Field(ge=1, description="How many it might use.")
    used: int = Field(ge=0)
    wakes_per_month: int = Field(ge=0)
    cost_usd_per_month: float = Field(ge=0)


class MovedOccurrencePart(Part):
    """One local time of a schedule, as the two editions have it in UTC."""

    before: str | None = Field(description="Null when it did not exist.")
    after: str | None = Field(description="Null when it no longer exists.")


class MovedSchedulePart(Part):
    """A schedule of which occurrences move."""

    name: str
    occurrences: list[MovedOccurrencePart] = Field(description="The first of them.")
    more: bool = Field(description="Whether others move too.")


class SourceCostPart(Part):
    """What a choice of wake sources would cost."""

    sources: str
    wakes_per_month: int = Field(ge=0)
    usd_per_month: float = Field(ge=0, description="At Modal and, on its paid plan, Cloudflare.")
    refused: str | None = Field(description="Why it is not possible; null where it is.")


class WorkerPart(Part):
    """The Worker on Cloudflare, a second wake source."""

    name: str
    account: str
    known: bool = Field(
        description="Whether the account could be read; else only what git and the last apply say "
        "is in the plan."
    )
    mode: Mode
    crons: list[str] = Field(description="Its cron triggers, in Cloudflare's dialect.")
    triggers_allowed: int = Field(
        ge=0, description="Cron triggers that the account's subscription allows, all Workers."
    )
    triggers_of_others: int | None = Field(description="Null where the account is unknown.")
    ticks_per_month: int = Field(ge=0, description="How often Cloudflare runs it.")
    wakes_per_month: int = Field(ge=0, description="How often it asks for a wake.")
    data_end: str | None = Field(description="When its due minutes end; null in `mode: triggers`.")
    alone: bool = Field(
        description="Whether it has woken us, so that of Modal's crons the safety poller stays."
    )
    costs: list[SourceCostPart] = Field(description="What each choice of sources would cost.")


class RetiringPart(Part):
    """The app of a function of the repository that no schedule names any more."""

    app: str
    since: str = Field(description="From when it may be removed, once no call of it is open.")
    why: str = Field(description="Why it is still there.")


class TzPart(Part):
    """What another edition of the tz database moves."""

    before: str | None = Field(description="The live edition: `2025b`; null when not recorded.")
    after: str = Field(description="The edition of this plan.")
    until: str | None = Field(
        description="Up to when times were compared; null when what the live edition says of the "
        "time to come is not recorded."
    )
    schedules: list[MovedSchedulePart] = Field(description="Those that move first.")
    unlisted: int = Field(ge=0, description="How many more schedules move.")


class WarningPart(Part):
    """A schedule that is valid and suspicious."""

    message: str
    file: str | None
    line: int | None


class ErrorPart(Part):
    """A schedule that cannot work."""

    message: str
    remedy: str
    file: str
    line: int


class RefusalPart(Part):
    """A safety rule that forbids the plan."""

    rule: SafetyRule
    message: str
    remedy: str


class WaitPart(Part):
    """A schedule that waits for others or for its own runs, or that others wait for."""

    name: str
    after: list[str] = Field(description="The schedules that it waits for.")


class OrderPart(Part):
    """Which schedules wait for others or for their own runs, and what that costs."""

    schedules: list[WaitPart] = Field(description="Upstreams before what waits for them.")
    supervised_per_month: int = Field(
        ge=0, description="Further runs that are supervised because something waits or may wait."
    )
    wakes_per_month: int = Field(
        ge=0, description="Wakes that the ends of these runs ask for at most."
    )


class PlanDocument(Part):
    """What `reconcile --format json` prints."""

    format: Literal[2]
    environment: str
    app: str
    desired: DesiredPart
    live: LivePart
    changes: list[ChangePart]
    drift: list[ChangePart]
    slots: list[SlotPart]
    budget: BudgetPart
    wakes: WakesPart
    cost_usd_per_month: float = Field(ge=0)
    pricing: PricingPart
    alternatives: list[AlternativePart] | None = Field(
        description="What other packings would cost. Null without `--alternatives`."
    )
    effects: list[EffectPart]
    retiring: list[RetiringPart]
    worker: WorkerPart | None = Field(description="Null without `cloudflare` in the settings.")
    order: OrderPart | None = Field(
        description="Null when no schedule waits for another, nor for its own runs."
    )
    tz: TzPart | None = Field(description="Null when the live edition is that of the plan.")
    rules: RulesPart | None = Field(description="Null in a repository without rules.")
    warnings: list[WarningPart]
    errors: list[ErrorPart]
    refusals: list[RefusalPart]
    digest: str = Field(description="SHA-256 over what would be done, and to what state.")


def plan_document(plan: Plan) -> PlanDocument:
    """The plan as its document."""
    return PlanDocument(
        format=OUTPUT_FORMAT,
        environment=plan.environment,
        app=plan.app,
        desired=DesiredPart(
            commit=plan.desired.commit,
            dirty=plan.desired.dirty,
            digest=plan.desired_digest,
            schedules=len(plan.generation.records),
        ),
        live=LivePart(
            generation=None if plan.actual.pointer is None else plan.actual.pointer.generation,
            digest=plan.actual.digest,
            commit=plan.actual.revision,
        ),
        changes=[_change(change) for change in plan.changes],
        drift=[_change(change) for change in plan.drift],
        slots=[
            SlotPart(
                slot=slot.name,
                cron=slot.cron,
                timezone="UTC",
                schedules=list(slot.schedules),
                wakes_per_month=plan.wakes.by_slot[slot.name],
                idle_wakes_per_month=plan.wakes.idle.get(slot.name, 0),
            )
            for slot in plan.slots
        ],
        budget=BudgetPart(
            limit=plan.budget.limit,
            foreign=[
                ForeignPart(
                    environment=cron.environment,
                    app=cron.app,
                    function=cron.function,
                    schedule=cron.text,
                )
                for cron in plan.budget.foreign
            ],
            reserve=plan.budget.reserve,
            available=plan.budget.available,
            used=plan.budget.used,
        ),
        wakes=WakesPart(
            per_month=plan.wakes.per_month,
            floor=plan.wakes.floor,
            every_minute=plan.wakes.every_minute,
            saved_by_tolerance=plan.saved_by_tolerance,
        ),
        cost_usd_per_month=plan.price.usd(plan.wakes_per_month),
        pricing=PricingPart(
            rates="workspace" if plan.price.live else "list",
            usd_per_core_hour=plan.price.rates.core_hour,
            usd_per_gib_hour=plan.price.rates.gib_hour,
            seconds_per_wake=plan.price.seconds,
            wakes_measured=plan.price.measured,
        ),
        alternatives=None
        if plan.alternatives is None
        else [
            AlternativePart(
                packing=other.packing,
                crons=other.crons,
                used=other.used,
                wakes_per_month=other.wakes,
                cost_usd_per_month=plan.price.usd(other.wakes),
            )
            for other in plan.alternatives
        ],
        effects=[effect_part(effect) for effect in plan.effects],
        retiring=[
            RetiringPart(
                app=one.live.app,
                since=format_minute(one.retired.since),
                why=one.why(plan.now),
            )
            for one in plan.retiring
        ],
        worker=None if plan.worker is None else _worker(plan, plan.worker),
        order=None if plan.waits is None else _order(plan, plan.waits),
        tz=None if plan.tz is None else _tz(plan.tz),
        rules=None if plan.judgement is None else rules_part(plan.judgement),
        warnings=[
            WarningPart(message=item.message, file=item.file, line=item.line)
            for item in plan.warnings
        ],
        errors=[
            ErrorPart(
                message=item.message,
                remedy=item.remedy,
                file=item.location.file,
                line=item.location.line,
            )
            for item in plan.missing
        ],
        refusals=[
            RefusalPart(rule=item.rule, message=item.message, remedy=item.remedy)
            for item in plan.refusals
        ],
        digest=plan.digest,
    )


def _worker(plan: Plan, worker: PlannedWorker) -> WorkerPart:
    account, due = plan.actual.cloudflare, worker.data.due
    waking = plan.generation.worker
    return WorkerPart(
        name=worker.name,
        account=worker.settings.account,
        known=account is not None,
        mode=worker.settings.mode,
        crons=list(worker.crons),
        triggers_allowed=worker.settings.subscription.triggers,
        triggers_of_others=None if account is None else account.others(worker.name),
        ticks_per_month=worker.ticks_per_month(plan.now),
        wakes_per_month=worker.wakes_per_month(plan.now),
        data_end=None if due is None else format_minute(due.end * MINUTES_PER_DAY),
        alone=waking is not None and waking.alone,
        costs=[
            SourceCostPart(
                sources=one.sources,
                wakes_per_month=one.wakes,
                usd_per_month=one.usd,
                refused=one.refused,
            )
            for one in compared_sources(plan, worker)
        ],
    )


def _tz(change: TzChange) -> TzPart:
    return TzPart(
        before=change.before or None,
        after=change.after,
        until=_time(change.until),
        schedules=[
            MovedSchedulePart(
                name=schedule.name,
                occurrences=[
                    MovedOccurrencePart(before=_time(moved.before), after=_time(moved.after))
                    for moved in schedule.moved
                ],
                more=schedule.more,
            )
            for schedule in change.schedules
        ],
        unlisted=change.unlisted,
    )


def _time(at: int | None) -> str | None:
    return None if at is None else format_minute(at)


def _change(change: Change) -> ChangePart:
    return ChangePart(
        action=change.action,
        kind=change.kind,
        name=change.name,
        reason=change.reason,
        file=change.file,
        line=change.line,
        before=None if change.before is None else dict(change.before),
        after=None if change.after is None else dict(change.after),
    )


def _order(plan: Plan, waits: PlannedWaits) -> OrderPart:
    records = plan.generation.by_name
    return OrderPart(
        schedules=[
            WaitPart(name=name, after=[one.name for one in records[name].after])
            for name in waits.order
        ],
        supervised_per_month=waits.supervised,
        wakes_per_month=waits.asked,
    )
