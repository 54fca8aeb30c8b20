"""The Worker on Cloudflare as it would be deployed: when it asks for wakes, and with which key.

It is a second wake source: the wakes that it asks for process whatever is due, as all wakes do. So
what it does not know, or asks for twice, is a question of punctuality and cost alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from typing import Final

from reconciler.alerts import Address
from reconciler.cron import Timetable, cover, instant, minute, parse
from reconciler.cron.clock import MINUTES_PER_DAY
from reconciler.cron.cloudflare import write
from reconciler.manifest import EnvironmentSettings, Packing
from reconciler.manifest.cloudflare_settings import CloudflareSettings, Mode
from reconciler.model.generation import TASK_TICK, Generation, Worker
from reconciler.pack import Member, pack, wakes_per_month
from reconciler.plan.compilation import at_timetable, minutes
from reconciler.plan.due_minutes import DAYS_AHEAD, due_minutes
from reconciler.plan.identity import Owner
from reconciler.plan.state import Actual
from reconciler.plan.tags import IDENTITY_TAG
from reconciler.plan.worker_data import WorkerData
from reconciler.plan.worker_tags import (
    DIGEST_TAG,
    KEY_TAG,
    OWNER_TAG,
    AppliedWorker,
    applied_in,
    key_of,
    source_of,
    worker_owner,
)

RENEWED: Final = 60
"""Days before the end of its data at which they are renewed."""
ENDS_SOON: Final = 30
"""Days before the end of its data at which that is a warning."""
TICKS: Final = "* * * * *"
"""The cron trigger of `mode: tick`."""


@dataclass(frozen=True, kw_only=True)
class PlannedWorker:
    """The Worker as it would be deployed.

    Attributes:
        settings: its settings; they name it.
        owners: digests of the repository and of the app that it wakes, the one that it gets first,
            then the one that the app had before.
        data: what it knows.
        crons: its cron triggers, in Cloudflare's dialect.
        covers: the same in ours.
        new_key: whether an apply has to make that key.
        old_key: the number of the key that the live one has, where that is another; else 0.
        code: a digest of its code.
        api: names the HTTP API that it calls.
        members: what it wakes for.
        recipients: whom it notifies when it reaches no dispatcher.
    """

    settings: CloudflareSettings
    owners: tuple[str, ...]
    data: WorkerData
    covers: tuple[str, ...]
    new_key: bool = True
    old_key: int = 0
    code: str = ""
    api: str = ""
    members: tuple[Member, ...] = field(default=(), repr=False)
    recipients: tuple[Address, ...] = field(default=(), repr=False)

    @property
    def name(self) -> str:
        """Of the Worker; its queues and its database are named after it."""
        return self.settings.worker or ""

    @property
    def key(self) -> int:
        """The number of the key with which it signs."""
        return self.settings.key

    @cached_property
    def crons(self) -> tuple[str, ...]:
        """Its cron triggers, in Cloudflare's dialect."""
        return tuple(write(parse(text)) for text in self.covers)

    @cached_property
    def digest(self) -> str:
        """Of what it is deployed with, but for its keys: no digest may reveal them."""
        settings = self.settings
        recipients = [address.to_json() for address in self.recipients]
        parts = [self.data.module, self.code, self.api, self.crons, recipients]
        shape = json.dumps([*parts, settings.queue, settings.database])
        return sha256(shape.encode()).hexdigest()[:16]

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags of the Worker."""
        return OWNER_TAG + self.owners[0], DIGEST_TAG + self.digest, f"{KEY_TAG}{self.key}"

    @property
    def applied(self) -> AppliedWorker:
        """What an apply leaves."""
        first = 0 if self.data.due is None else self.data.due.first
        return AppliedWorker(self.settings.account, self.name, self.digest, first, self.key)

    def is_ours(self, tags: Iterable[str]) -> bool:
        """Whether a Worker with these tags is of this repository and wakes this app."""
        return not {OWNER_TAG + owner for owner in self.owners}.isdisjoint(tags)

    def wakes_per_month(self, now: int) -> int:
        """How often it asks for a wake in a month.

        Args:
            now: epoch minute.
        """
        if self.settings.mode is Mode.TICK:
            return round(wakes_per_month({one.timetable for one in self.members}, now))
        return round(sum(_wakes(text, now) for text in self.covers))

    def ticks_per_month(self, now: int) -> int:
        """How often Cloudflare runs it in a month.

        Args:
            now: epoch minute.
        """
        return round(sum(_wakes(text, now) for text in self.covers))

    def with_earlier(self, earlier: Generation, now: int) -> PlannedWorker:
        """The same, also with what an earlier generation needs: it is live until the pointer is
        flipped, and after that if it is not.

        Args:
            now: epoch minute.
        """
        before = tuple(_members_of(earlier, now))
        if self.data.due is not None:
            due = due_minutes(
                (one.timetable for one in (*self.members, *before)), self.data.due.first
            )
            return replace(self, data=replace(self.data, due=due))
        jobs = {cron: list(names) for cron, names in self.data.crons.items()}
        for text, names in _covers(before, now).items():
            found = jobs.setdefault(write(parse(text)), [])
            found += [name for name in names if name != TASK_TICK and name not in found]
        return replace(self, data=replace(self.data, crons={c: n for c, n in jobs.items() if n}))


def plan_worker(
    settings: EnvironmentSettings,
    members: Sequence[Member],
    actual: Actual,
    owner: Owner,
    code: str,
    now: int,
) -> PlannedWorker | None:
    """The Worker that the settings ask for; None where they ask for none.

    Args:
        members: what has to be woken for, tasks that programs create among it.
        code: a digest of the Worker's code.
        now: epoch minute.
    """
    found = settings.cloudflare
    if found is None:
        return None
    own = {} if actual.own is None else actual.own.tags
    identities = [owner.identity.digest]
    if IDENTITY_TAG in own:
        identities.append(own[IDENTITY_TAG])
    name = found.worker or ""
    alert_after = minutes(found.alert_after)
    data = WorkerData(source=source_of(name), mode=found.mode, alert_after=alert_after)
    planned = PlannedWorker(
        settings=found,
        owners=tuple(dict.fromkeys(worker_owner(one, settings) for one in identities)),
        data=data,
        covers=(TICKS,),
        code=code,
        api=f"{settings.modal}/{settings.app}",
        members=tuple(members),
        recipients=_recipients(settings),
    )
    planned = _with_key(planned, actual)
    if found.mode is Mode.TRIGGERS:
        return _with_triggers(planned, actual, now)
    return _with_minutes(planned, applied_in(actual), now // MINUTES_PER_DAY)


def waking_worker(
    planned: PlannedWorker | None, actual: Actual, known: Sequence[Generation], now: int
) -> Worker | None:
    """What the generation says of the Worker.

    Once it has woken us, Modal's other crons retire. When the settings have it no more, it stays
    until one of Modal's crons has woken us.

    Args:
        known: what was applied; the first of them counts.
        now: epoch minute.
    """
    before = known[0].worker if known else None
    if planned is None:
        if before is None or is_gone(before, actual, known[0]):
            return None
        leaving = now if before.leaving is None else before.leaving
        return before._replace(alone=False, leaving=leaving)
    source = planned.data.source
    if before is None or before.source != source or before.leaving is not None:
        return Worker(source, now)
    last = actual.wakes.get(source)
    woken = last is not None and _minute_of(last) >= before.since
    return before._replace(alone=before.alone or woken)


def is_gone(before: Worker, actual: Actual, applied: Generation) -> bool:
    """Whether a Worker that the settings have no more may be deleted, or is."""
    if actual.cloudflare is None:
        return False
    if actual.cloudflare.own is None:
        return True
    if before.leaving is None:
        return False
    wakes = (actual.wakes.get(slot.name) for slot in applied.slots)
    return any(at is not None and _minute_of(at) > before.leaving for at in wakes)


def worker_tags(
    actual: Actual, planned: PlannedWorker | None, waking: Worker | None
) -> Mapping[str, str] | None:
    """The tags that name the Worker, also of one that the settings have no more while it stays."""
    if planned is not None:
        return planned.applied.tags
    applied = applied_in(actual)
    return None if applied is None or waking is None else applied.tags


def _minute_of(wake: str) -> int:
    return minute(datetime.fromisoformat(wake))


def _recipients(settings: EnvironmentSettings) -> tuple[Address, ...]:
    """The recipients of the environment's alerts; none where it is silent.

    The Worker sends no e-mails: those need a mail server.
    """
    if settings.alerts is None or settings.silent:
        return ()
    addresses = (recipient.address for recipient in settings.alerts.rule.to)
    return tuple(address for address in addresses if not address.email)


def _with_key(planned: PlannedWorker, actual: Actual) -> PlannedWorker:
    """With what has to be done about its key, of which nothing but the Worker has the text."""
    applied = applied_in(actual)
    if actual.cloudflare is None:
        return replace(planned, new_key=applied is None or applied.key != planned.key)
    tags = actual.cloudflare.own or ()
    live = key_of(tags) if planned.is_ours(tags) else 0
    held = live == planned.key and live in actual.worker_keys
    old = live if live != planned.key and live in actual.worker_keys else 0
    return replace(planned, new_key=not held, old_key=old)


def _with_minutes(
    planned: PlannedWorker, applied: AppliedWorker | None, today: int
) -> PlannedWorker:
    """With the due minutes. Their first day stays while nothing else changes and enough remain."""

    def beginning(first: int) -> PlannedWorker:
        due = due_minutes((one.timetable for one in planned.members), first)
        return replace(planned, data=replace(planned.data, due=due))

    if applied is not None and today - DAYS_AHEAD + RENEWED <= applied.first <= today:
        same = beginning(applied.first)
        if same.digest == applied.digest:
            return same
    return beginning(today)


def _with_triggers(planned: PlannedWorker, actual: Actual, now: int) -> PlannedWorker:
    """With a cron trigger for each distinct cover; with wider ones where these are too many."""
    covers = _covers(planned.members, now)
    account = actual.cloudflare
    others = 0 if account is None else account.others(planned.name)
    left = max(1, planned.settings.subscription.triggers - others)
    if len(covers) > left:
        each = [Member(text, Timetable((parse(text),), "UTC")) for text in covers]
        packed = pack(each, Packing.FEWEST_WAKES, left, now)
        covers = {
            slot.cron: [name for text in slot.schedules for name in covers[text]] for slot in packed
        }
    crons = {
        write(parse(text)): sorted(name for name in names if name != TASK_TICK)
        for text, names in covers.items()
    }
    # Without jobs, a trigger asks for a wake, which looks for tasks.
    crons = {cron: names for cron, names in crons.items() if names}
    return replace(planned, data=replace(planned.data, crons=crons), covers=tuple(sorted(covers)))


def _covers(members: Iterable[Member], now: int) -> dict[str, list[str]]:
    """Each distinct cover, in UTC, with the names of what it covers."""
    covers: dict[str, list[str]] = {}
    for one in members:
        covers.setdefault(cover([one.timetable], now).text, []).append(one.name)
    return covers


def distinct_covers(members: Iterable[Member], now: int) -> tuple[Timetable, ...]:
    """The times of the cron triggers that `mode: triggers` would need.

    Args:
        now: epoch minute.
    """
    return tuple(Timetable((parse(text),), "UTC") for text in _covers(members, now))


def _members_of(generation: Generation, now: int) -> Iterator[Member]:
    """What an earlier generation has to be woken for."""
    for record in generation.records:
        timetable = record.timetable()
        if record.at is not None:
            timetable = at_timetable(instant(record.at))
        if timetable is not None and not record.is_suspended(now):
            yield Member(record.name, timetable)


def _wakes(text: str, now: int) -> float:
    return wakes_per_month([Timetable((parse(text),), "UTC")], now)
