"""The plan: desired against actual at a given time, as data. Pure: no I/O, no clock, no modal.

A dry run prints it, an apply carries it out: both read the same value.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property, partial
from hashlib import sha256
from itertools import starmap
from typing import Any, Final

from reconciler.cron import instant, minute
from reconciler.cron import warnings as cron_warnings
from reconciler.cron.zone_files import tz_version
from reconciler.durations import parse_duration
from reconciler.manifest import EnvironmentSettings, Location, Schedule
from reconciler.manifest.calendar import Calendar
from reconciler.model.generation import CRONLESS, Generation, new_generation
from reconciler.pack import Member, PackedSlot
from reconciler.plan.alternatives import Alternative, other_packings, wakes_without_tolerance
from reconciler.plan.ancestry import Ancestry, checkout_warnings, creation_reason, deletion_reason
from reconciler.plan.budget import Budget
from reconciler.plan.chains import follow_renames
from reconciler.plan.change import Change, Kind
from reconciler.plan.changes import app_changes, generation_changes, schedule_changes
from reconciler.plan.clocks import anchor_repairs, clock_warnings
from reconciler.plan.code_targets import PlannedTarget, plan_targets
from reconciler.plan.compilation import compile_records, minutes
from reconciler.plan.dependencies import PlannedWaits, planned_waits, waiting_warnings
from reconciler.plan.drift import find_drift, last_applied, lost_deletions
from reconciler.plan.effects import TimeEffect, time_effects
from reconciler.plan.excluded import calendar_warnings
from reconciler.plan.finding import Judgement
from reconciler.plan.forecast import Wakes
from reconciler.plan.foreign import (
    Warned,
    schedules_of_modal,
    twice_warnings,
    unread_warnings,
)
from reconciler.plan.notification_rules import (
    alerts_change,
    masked,
    secrets_change,
    secrets_digest,
    secrets_of,
    slots_since,
)
from reconciler.plan.ownership import machine_only, ownership_change
from reconciler.plan.past import Hop
from reconciler.plan.price import Rates, WakePrice
from reconciler.plan.renames import rename_warnings, renamed_from
from reconciler.plan.safety import (
    Refusal,
    SafetyRule,
    refuse_deletions,
    refuse_foreign_app,
    refuse_no_budget,
    refuse_protected,
)
from reconciler.plan.second_opinion import refuse_other_readings
from reconciler.plan.slot_members import members_of, members_of_modal
from reconciler.plan.state import Actual, Desired
from reconciler.plan.tags import (
    DISPATCHER_TAG,
    SECRETS_TAG,
    own_tags,
    protected_digest,
    tag_value,
)
from reconciler.plan.target_changes import (
    Retiring,
    refuse_taken,
    removal,
    retiring_targets,
    target_changes,
    target_drift,
    target_warnings,
    to_deploy,
    variable_changes,
)
from reconciler.plan.targets import MissingTarget, missing_targets
from reconciler.plan.tz_change import TzChange, known_clocks, refuse_older_tz, tz_change
from reconciler.plan.wake_source import ModalSlots, WakeSource
from reconciler.plan.web_app import PlannedWeb, plan_web, refuse_other_app, web_changes, web_drift
from reconciler.plan.worker import PlannedWorker, plan_worker, waking_worker, worker_tags
from reconciler.plan.worker_changes import (
    refuse_worker,
    worker_changes,
    worker_drift,
    worker_warnings,
)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What an apply would do, and what it means.

    Attributes:
        generation: what would be live.
        changes: what git changes, in a stable order: schedules, then slots, then the app.
        drift: what was not changed in git and would be repaired.
        missing: created or changed schedules whose function is not deployed; an error.
        refusals: safety rules that forbid the plan.
        deploy: whether the app's functions change.
        slots: the crons that would be deployed, with the schedules that each wakes for.
        wakes_before: wakes per month of the slots that were applied.
        tz: what another edition of the tz database moves; None when it is the live one.
        price: what a wake costs.
        now: the epoch minute at which it was made.
        ancestry: how the commit stands to the live one; None when nothing is live.
        tags: the app's tags after the apply.
        targets: the code targets, by their keys.
        deploy_targets: those of them whose app has to be deployed.
        retiring: the apps of code targets that no schedule names any more.
        web: the app of the HTTP API; None where the settings ask for none.
        worker: the Worker on Cloudflare; None where the settings ask for none.
        secrets: the Modal Secrets that the app's functions carry, each with the keys they read.
        alternatives: what other packings would cost; None when that was not asked.
        judgement: what the repository's own rules say; None without rules.
    """

    environment: str
    app: str
    desired: Desired
    actual: Actual
    generation: Generation
    changes: tuple[Change, ...]
    drift: tuple[Change, ...]
    missing: tuple[MissingTarget, ...]
    refusals: tuple[Refusal, ...]
    warnings: tuple[Warned, ...]
    effects: tuple[TimeEffect, ...]
    deploy: bool
    slots: tuple[PackedSlot, ...]
    budget: Budget
    wakes: Wakes
    wakes_before: int
    tz: TzChange | None
    price: WakePrice
    now: int
    ancestry: Ancestry | None
    tags: Mapping[str, str]
    secrets: Mapping[str, tuple[str, ...]]
    targets: Mapping[str, PlannedTarget] = field(default_factory=dict)
    deploy_targets: tuple[PlannedTarget, ...] = ()
    retiring: tuple[Retiring, ...] = ()
    web: PlannedWeb | None = None
    worker: PlannedWorker | None = None
    alternatives: tuple[Alternative, ...] | None = None
    judgement: Judgement | None = None

    @property
    def removed_targets(self) -> tuple[Retiring, ...]:
        """The retiring targets that this plan removes."""
        return tuple(one for one in self.retiring if one.is_ripe(self.now))

    @property
    def worker_change(self) -> Change | None:
        """What is done to the Worker on Cloudflare; None where nothing is."""
        found = (one for one in (*self.changes, *self.drift) if one.kind is Kind.WORKER)
        return next(found, None)

    @cached_property
    def wakes_per_month(self) -> int:
        """Wakes a month of all sources together."""
        asked = 0 if self.worker is None else self.worker.wakes_per_month(self.now)
        return self.wakes.per_month + asked

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.changes and not self.drift

    def with_alternatives(self) -> Plan:
        """Return the same plan with what other packings would cost; packs three times more."""
        members = _members(self.desired, self.now)
        found = other_packings(
            members, self.desired.settings.packing, self.budget.available, self.now
        )
        return replace(self, alternatives=found)

    @cached_property
    def saved_by_tolerance(self) -> int:
        """How many more wakes a month there would be if no schedule could run late."""
        members = _members(self.desired, self.now)
        if not any(member.tolerance for member in members):
            return 0
        punctual = wakes_without_tolerance(
            members,
            self.desired.settings.packing,
            self.budget.available,
            self.now,
            _known(self.actual),
        )
        return max(0, punctual - self.wakes.per_month)

    @cached_property
    def waits(self) -> PlannedWaits | None:
        """Which schedules wait for others; None when none does."""
        return planned_waits(self.generation.records, self.now)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over what would be done and to what state; the time of planning is not in it."""
        content = {
            "environment": self.environment,
            "app": self.app,
            "actual": self.actual.digest,
            "changes": [_identity(change) for change in (*self.changes, *self.drift)],
            "slots": [[slot.name, slot.cron] for slot in self.slots],
            "punctuality": self.generation.punctuality,
            "schedules": self.desired_digest,
        }
        return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    @cached_property
    def desired_digest(self) -> str:
        """SHA-256 over what git says of the schedules, whenever they began."""
        records = [masked(record).to_json() for record in self.generation.records]
        said = [{key: record[key] for key in record.keys() - _WHEN_BEGUN} for record in records]
        return sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


_WHEN_BEGUN: Final = frozenset({"anchor", "formerly"})
"""Keys of a record that depend on what was live before."""


def make_plan(
    desired: Desired,
    actual: Actual,
    now: int,
    *,
    allow_deletes: int = 0,
    rates: Rates | None = None,
    ancestry: Ancestry | None = None,
) -> Plan:
    """Plan how to get from what is live to what git says.

    Args:
        now: epoch minute.
        allow_deletes: how many deletions in all are allowed where the threshold allows fewer.
        rates: what the workspace pays, None when that is not known.
        ancestry: how the commit stands to the live one; None when nothing is live.
    """
    settings = desired.settings
    members = _members(desired, now)
    known = _known(actual)
    worker = plan_worker(settings, members, actual, desired.owner, desired.worker_code, now)
    waking = waking_worker(worker, actual, known, now)
    safety = None if worker is None else worker.settings.safety
    source = ModalSlots.plan(
        members_of_modal(members, waking, safety), settings, actual, known, now
    ).serving(members)
    web = plan_web(settings, desired.web_runtime, worker, now)
    slots, budget = source.crons, source.budget
    followed = follow_renames(desired, actual)
    targets = plan_targets(
        followed.schedules,
        desired.sources,
        settings.app,
        desired.runtime,
        actual.targets_of(settings.app),
    )
    retiring = retiring_targets(actual, targets.values(), desired, now)
    compiled = compile_records(
        followed.schedules,
        known,
        now,
        settings,
        number=actual.number + 1,
        lost=actual.lost,
        readable=actual.readable,
        targets={key: one.record for key, one in targets.items()},
    )
    generation = new_generation(
        compiled.records,
        slots,
        round(settings.punctuality.total_seconds()),
        source.covered,
        settings.history.days,
        None if settings.tasks is None else minutes(parse_duration(settings.tasks.value)),
        alerts=None if settings.silent else settings.alerts,
        environment=settings.name,
        slots_since=slots_since(slots, known, now),
        begun=compiled.begun,
        rebuilt=compiled.rebuilt,
        tz=tz_version(),
        clocks=known_clocks(compiled.records, now),
        targets=(one.record for one in targets.values()),
        retiring={one.live.app: one.retired for one in retiring},
        holidays=next(filter(None, (one.edition for one in _calendars(desired))), ""),
        worker=waking,
    )

    secrets = secrets_of(generation)
    applied = last_applied(actual, generation)
    source = source.instead_of(() if applied is None else applied.slots)
    locations = {schedule.name: schedule.location for schedule in desired.schedules}
    names = frozenset(locations).union(renamed_from(generation, actual.live_names))
    fresh, gone = creation_reason(ancestry), deletion_reason(ancestry)
    changes = (
        *_changes(applied, generation, source, locations, fresh, gone, followed.chains),
        *lost_deletions(actual, names, gone),
        *alerts_change(applied, generation),
        *app_changes(desired, actual, applied),
        *ownership_change(actual, desired),
        *secrets_change(actual, settings.app, generation),
        *target_changes(applied, targets.values()),
        *variable_changes(actual, targets.values(), desired.variables),
        *(removal(one) for one in retiring if one.is_ripe(now)),
        *web_changes(actual, settings.app, web, now),
        *worker_changes(actual, worker, known),
    )
    changed = {change.name for change in changes if change.kind is Kind.SCHEDULE}
    drift = (
        *find_drift(actual, applied, settings.app, locations),
        *anchor_repairs(actual, generation.by_name, changed, locations, now),
        *target_drift(actual, applied, targets.values()),
        *web_drift(actual, settings.app, web),
        *worker_drift(actual, worker),
    )
    missing = (
        tuple(
            missing_targets(
                desired.schedules, actual.targets, _unread_apps(actual, settings), actual.servers
            )
        )
        if actual.revision is None
        else ()
    )
    return Plan(
        environment=settings.name,
        app=settings.app,
        desired=desired,
        actual=actual,
        generation=generation,
        changes=changes,
        drift=drift,
        missing=tuple(item for item in missing if item.schedule.name in changed),
        refusals=(
            *refuse_foreign_app(actual, desired),
            *refuse_other_app(actual, settings.app, web),
            *refuse_protected(actual, names, generation.protected, allow_deletes),
            *refuse_deletions(actual, names, settings.deletes, allow_deletes),
            *refuse_no_budget(budget, bool(members)),
            *refuse_older_tz(known, generation.tz),
            *refuse_other_readings(source.changed, now),
            *refuse_worker(actual, worker),
            *starmap(
                partial(Refusal, SafetyRule.FOREIGN_APP),
                refuse_taken(actual, targets.values(), settings.app),
            ),
        ),
        warnings=(
            *(Warned(message) for message in (machine_only(desired),) if message is not None),
            *map(Warned, checkout_warnings(ancestry, actual.pointer if changes else None, desired)),
            *twice_warnings(desired.schedules, schedules_of_modal(actual, settings.modal), now),
            *_unchanged_missing(missing, changed),
            *rename_warnings(followed, changes, actual.live_names, desired.past.gap),
            *map(Warned, clock_warnings(actual, now)),
            *unread_warnings(actual, budget),
            *waiting_warnings(desired.schedules, settings.history.days),
            *_cron_warnings(desired.schedules, changed, now),
            *calendar_warnings(desired.schedules, now),
            *target_warnings(targets.values(), locations),
            *worker_warnings(actual, worker, desired.schedules, settings, now),
            *map(Warned, desired.uncommitted),
        ),
        effects=time_effects((*changes, *drift), now, actual.through, actual.began),
        deploy=_must_deploy(desired, actual, source, secrets),
        slots=source.packed,
        budget=budget,
        wakes=source.wakes,
        wakes_before=source.wakes_before,
        tz=None if applied is None else tz_change(applied, generation, now),
        price=WakePrice.of(actual.wake_seconds, rates, desired.startup),
        now=now,
        ancestry=ancestry,
        tags=own_tags(
            owner=desired.owner,
            generation=generation.digest,
            dispatcher=desired.dispatcher,
            secrets=secrets_digest(secrets),
            protected=protected_digest(generation.protected),
            volume=actual.volume,
            before=None if actual.own is None else actual.own.tags,
            web=None if web is None else web.digest,
            worker=worker_tags(actual, worker, waking),
        ),
        secrets=secrets,
        web=web,
        worker=worker,
        targets=targets,
        deploy_targets=to_deploy(actual, targets.values(), desired.variables),
        retiring=retiring,
    )


def _members(desired: Desired, now: int) -> list[Member]:
    return members_of(desired.schedules, desired.settings.tasks, now)


def _calendars(desired: Desired) -> Iterator[Calendar]:
    for schedule in desired.schedules:
        yield from schedule.calendars


def _unread_apps(actual: Actual, settings: EnvironmentSettings) -> frozenset[str]:
    return frozenset(
        one.app
        for one in actual.unread
        if one.environment == settings.modal and one.app and not one.function
    )


def _known(actual: Actual) -> list[Generation]:
    """The generations that were or may have been live, the one that was applied first."""
    return [generation for generation in (actual.applied, actual.live) if generation is not None]


def _must_deploy(
    desired: Desired,
    actual: Actual,
    source: WakeSource,
    secrets: Mapping[str, tuple[str, ...]],
) -> bool:
    own = actual.own
    return (
        own is None
        or not source.is_observed
        or not set(CRONLESS) <= set(own.functions)
        or own.tags.get(DISPATCHER_TAG) != tag_value(desired.dispatcher)
        or own.tags.get(SECRETS_TAG) != secrets_digest(secrets)
        or actual.mounted is None
        or actual.mounted != actual.volume
    )


def _changes(
    applied: Generation | None,
    planned: Generation,
    source: WakeSource,
    locations: Mapping[str, Location],
    fresh: str,
    gone: str,
    chains: Mapping[str, Sequence[Hop]],
) -> Iterator[Change]:
    before = {} if applied is None else applied.by_name
    yield from schedule_changes(before, planned.by_name, locations, fresh, gone, chains)
    yield from source.changes()
    if applied is not None:
        yield from generation_changes(applied, planned)


def _unchanged_missing(missing: tuple[MissingTarget, ...], changed: set[str]) -> Iterator[Warned]:
    """A function that went away does not hold up changes of other schedules."""
    for item in missing:
        if item.schedule.name not in changed:
            location = item.location
            yield Warned(f"{item.message}: {item.remedy}", location.file, location.line)


def _cron_warnings(
    schedules: tuple[Schedule, ...], changed: set[str], now: int
) -> Iterator[Warned]:
    """Warn about what a change brings in; the rest has been seen before."""
    for schedule in schedules:
        if schedule.name not in changed or schedule.follows:
            continue
        location = schedule.location
        if isinstance(schedule.times, datetime):
            if minute(schedule.times) <= now:
                message = f"{schedule.name}: its time {schedule.when[0]} is past; it will not run"
                yield Warned(message, location.file, location.line)
            continue
        for warning in cron_warnings(schedule.times.expressions, schedule.times.zone, instant(now)):
            yield Warned(f"{schedule.name}: {warning.message}", location.file, location.line)


_MOMENTS = frozenset({"anchor", "formerly"})


def _identity(change: Change) -> list[Any]:
    """A change without the time at which it was planned."""
    before, after = (
        None if side is None else {key: side[key] for key in side if key not in _MOMENTS}
        for side in (change.before, change.after)
    )
    return [change.action, change.kind, change.name, before, after]
