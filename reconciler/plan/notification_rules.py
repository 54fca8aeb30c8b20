"""Which recipients are notified of what: the compiled rules, their Secrets, how plans show them.

Every holder of an address can send to it. So plans show its host and a fingerprint: enough to see
that it changes, and nothing to send with.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256

from reconciler.alerts import Address, AlertRule, Alerts, Recipient
from reconciler.manifest import LOCAL, EnvironmentSettings, Schedule
from reconciler.model.generation import Generation, Slot
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.plan.change import Action, Change, Kind
from reconciler.plan.state import Actual, Desired
from reconciler.plan.tags import SECRETS_TAG


def with_notifications(
    record: ScheduleRecord, schedule: Schedule, settings: EnvironmentSettings
) -> ScheduleRecord:
    """The record with its alert rule and its ping; without both in a silent environment."""
    if settings.silent:
        return record
    asked = schedule.alerts
    base = AlertRule() if settings.alerts is None else settings.alerts.rule
    return replace(record, alerts=None if asked is None else asked.over(base), ping=schedule.ping)


def is_silenced(desired: Desired) -> bool:
    """Whether there are recipients whom ``local`` does not notify, because it is silent."""
    settings = desired.settings
    if settings.name != LOCAL or not settings.silent:
        return False
    rules = (schedule.alerts for schedule in desired.schedules)
    return (
        settings.alerts is not None
        or any(rule.to for rule in rules if rule is not None)
        or any(schedule.ping is not None for schedule in desired.schedules)
    )


def masked(record: ScheduleRecord) -> ScheduleRecord:
    """The record as plans show it."""
    if record.alerts is None and record.ping is None:
        return record
    return replace(
        record,
        alerts=None if record.alerts is None else record.alerts.masked(),
        ping=None if record.ping is None else record.ping.masked(),
    )


def masked_generation(generation: Generation) -> Generation:
    """The same of a whole generation."""
    alerts = generation.alerts
    return replace(
        generation,
        records=tuple(map(masked, generation.records)),
        alerts=None if alerts is None else alerts.masked(),
    )


def describe_alerts(alerts: Alerts | AlertRule | None) -> str:
    """``3 failures, missed, overdue, to https://hooks.slack.com/…#1a2b3c4d (slack)``."""
    if alerts is None:
        return "no recipient"
    rule = alerts if isinstance(alerts, AlertRule) else alerts.rule
    if not rule.to:
        return "no recipient"
    parts = []
    if rule.failures is not None:
        many = rule.failures > 1
        parts.append(f"a streak of {rule.failures} failures" if many else "1 failure")
    if rule.missed:
        parts.append("missed")
    if isinstance(alerts, Alerts) and alerts.overdue:
        parts.append("overdue")
    to = " and ".join(map(_described, rule.to))
    return f"{', '.join(parts) or 'nothing'} to {to}"


def _described(recipient: Recipient) -> str:
    address = describe_address(recipient.address)
    return address if recipient.address.email else f"{address} ({recipient.format})"


def describe_address(address: Address) -> str:
    """An address as plans show it."""
    return address.masked().url or address.shown


def alerts_change(applied: Generation | None, planned: Generation) -> Iterator[Change]:
    """What git changes of the alerts that hold where a schedule says nothing."""
    before, after = None if applied is None else applied.alerts, planned.alerts
    if applied is not None and before != after:
        yield Change(
            action=Action.UPDATE,
            kind=Kind.GENERATION,
            name="alerts",
            reason=f"alerts {describe_alerts(before)} → {describe_alerts(after)}",
            before=None if before is None else before.masked().to_json(),
            after=None if after is None else after.masked().to_json(),
        )


def secrets_change(actual: Actual, app: str, planned: Generation) -> Iterator[Change]:
    """The deploy that other Secrets make necessary."""
    secrets = secrets_of(planned)
    if actual.own is None or actual.own.tags.get(SECRETS_TAG) == secrets_digest(secrets):
        return
    carried = " and ".join(f"{name} ({', '.join(keys)})" for name, keys in secrets.items())
    yield Change(
        action=Action.UPDATE,
        kind=Kind.APP,
        name=app,
        reason=f"its functions carry {f'Secret {carried}' if carried else 'no Secret any more'}",
        after={"secrets": {name: list(keys) for name, keys in secrets.items()}},
    )


def secrets_of(generation: Generation) -> dict[str, tuple[str, ...]]:
    """The Modal Secrets that hold addresses, each with the keys that are read, sorted."""
    found: dict[str, set[str]] = {}
    for address in _addresses(generation):
        if address.secret is not None and address.key is not None:
            found.setdefault(address.secret, set()).add(address.key)
    return {secret: tuple(sorted(found[secret])) for secret in sorted(found)}


def secrets_digest(secrets: Mapping[str, Sequence[str]]) -> str | None:
    """What our app is tagged with, so that other Secrets mean a deploy; None for none."""
    if not secrets:
        return None
    return sha256(json.dumps(sorted(secrets.items())).encode()).hexdigest()[:12]


def slots_since(slots: Sequence[Slot], known: Sequence[Generation], now: int) -> Mapping[str, int]:
    """Since when each slot has been planned as it is: its wakes are expected from then on."""
    since = dict.fromkeys((slot.name for slot in slots), now)
    planned = frozenset(slots)
    for generation in reversed(known):
        for slot in planned.intersection(generation.slots):
            since[slot.name] = min(now, generation.slots_since.get(slot.name, now))
    return since


def _addresses(generation: Generation) -> Iterator[Address]:
    rules = [record.alerts for record in generation.records]
    if generation.alerts is not None:
        rules.append(generation.alerts.rule)
    for rule in rules:
        for receiver in () if rule is None else rule.to:
            yield receiver.address
    for record in generation.records:
        if record.ping is not None:
            yield record.ping
