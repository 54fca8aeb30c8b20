"""What git changes: the desired generation against the one that was applied."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from reconciler.durations import format_duration, format_seconds
from reconciler.foreign_text import on_one_line
from reconciler.manifest import Location
from reconciler.model.generation import Generation, Slot
from reconciler.model.occurrence import format_minute
from reconciler.model.schedule_record import (
    UNITS,
    WITHIN,
    ScheduleRecord,
    Upstream,
    format_time_of_day,
)
from reconciler.plan.change import Action, Change, Kind
from reconciler.plan.compilation import same_but_for_anchor
from reconciler.plan.differ import difference
from reconciler.plan.notification_rules import describe_address, describe_alerts, masked
from reconciler.plan.past import Hop, describe_way
from reconciler.plan.state import Actual, Desired
from reconciler.plan.tags import DISPATCHER_TAG, tag_value
from reconciler.policies import Condition

if TYPE_CHECKING:
    from reconciler.pack import PackedSlot

LISTED: Final = 5
"""Items of a list that are spelled out; the rest is counted."""
FIELD_LABELS: Final = {"when": "schedule", "dependants": "waited for by", "tries": "retries"}
"""What people read of a field whose name is not the key of a manifest."""
_SAID_APART: Final = frozenset({"anchor", "suspended", "resumes", "follows"})
_RETRIES: Final = frozenset({"tries", "retries", "backoff", "factor"})
"""Fields whose values the change of a code target says."""

_TOLD: Final[Mapping[str, Callable[[ScheduleRecord], str]]] = {
    "alerts": lambda record: describe_alerts(record.alerts) if record.alerts else "as for all",
    "ping": lambda record: describe_address(record.ping) if record.ping else "unset",
    "after": lambda record: describe_upstreams(record) if record.after else "unset",
}
"""Fields with addresses, which are not shown in full, and those that have words of their own."""


def schedule_changes(
    before: Mapping[str, ScheduleRecord],
    after: Mapping[str, ScheduleRecord],
    locations: Mapping[str, Location],
    fresh: str,
    gone: str,
    chains: Mapping[str, Sequence[Hop]],
) -> Iterator[Change]:
    """Yield what turns the records of one generation into another's, sorted by name in each part.

    Args:
        locations: where each schedule of ``after`` is declared.
        fresh: why a schedule is created.
        gone: why a schedule is deleted.
        chains: schedule name to the renames of git that lead to it from the live name.
    """
    found = difference(before, after, same_but_for_anchor)
    renamed = {
        name: found.removed[old]
        for name, record in found.added.items()
        for old, _last in record.formerly[-1:]
        if old in found.removed
    }
    for name, record in found.added.items():
        if name in renamed:
            yield _rename(renamed[name], record, locations, chains.get(name, ()))
            continue
        yield _change(Action.CREATE, name, fresh, None, record, locations)
    for name, (old, new) in found.changed.items():
        yield _change(_action(old, new), name, describe_change(old, new), old, new, locations)
    for name, record in found.removed.items():
        if any(old.name == name for old in renamed.values()):
            continue
        yield _change(Action.DELETE, name, gone, record, None, locations)


def slot_changes(before: Iterable[Slot], after: Iterable[Slot]) -> Iterator[Change]:
    """Yield what turns one set of slots into another."""
    found = difference(_by_name(before), _by_name(after), lambda old, new: old == new)
    for name, slot in found.added.items():
        yield Change(
            action=Action.CREATE,
            kind=Kind.SLOT,
            name=name,
            reason=f"wakes at {describe_slot(slot)}",
            after=slot_json(slot),
        )
    for name, (old, new) in found.changed.items():
        yield Change(
            action=Action.UPDATE,
            kind=Kind.SLOT,
            name=name,
            reason=_rewoken(old, new),
            before=slot_json(old),
            after=slot_json(new),
        )
    for name, slot in found.removed.items():
        yield Change(
            action=Action.DELETE,
            kind=Kind.SLOT,
            name=name,
            reason="is no longer needed",
            before=slot_json(slot),
        )


def app_changes(desired: Desired, actual: Actual, applied: Generation | None) -> Iterator[Change]:
    """Yield what git changes of the app itself."""
    app = desired.settings.app
    if actual.own is None:
        if applied is None and (desired.schedules or desired.settings.tasks is not None):
            reason = "is not deployed yet"
            yield Change(
                action=Action.CREATE,
                kind=Kind.APP,
                name=app,
                reason=reason,
                after={"dispatcher": desired.dispatcher},
            )
        return
    deployed = actual.own.tags.get(DISPATCHER_TAG)
    if deployed != tag_value(desired.dispatcher):
        yield Change(
            action=Action.UPDATE,
            kind=Kind.APP,
            name=app,
            reason=f"its dispatcher is of version {deployed or 'unknown'}, "
            f"this one of {tag_value(desired.dispatcher)}",
            before={"dispatcher": deployed},
            after={"dispatcher": desired.dispatcher},
        )
    elif actual.mounted is None:
        yield Change(
            action=Action.UPDATE,
            kind=Kind.APP,
            name=app,
            reason="has no tag that names the Volume of its functions; it is deployed again",
        )


def describe_change(old: ScheduleRecord, new: ScheduleRecord) -> str:
    """One line with every field that differs: ``schedule 0 6 * * * → 0 7 * * *``.

    A suspension is a sentence: ``does not run until 2026-12-01T00:00Z: moving house``.
    """
    one, other = old.to_json(), new.to_json()
    suspension = _suspension(old, new)
    parts = [suspension] if suspension else []
    apart = _SAID_APART
    if old.code and new.code:
        apart = _SAID_APART | _RETRIES
        if any(one.get(key) != other.get(key) for key in _RETRIES):
            parts.append("the retries of its target change")
    parts += [
        f"{FIELD_LABELS.get(key, key)} {value_text(key, one.get(key))}"
        f" → {value_text(key, other.get(key))}"
        if key not in _TOLD
        else f"{key} {_TOLD[key](old)} → {_TOLD[key](new)}"
        for key in sorted(one.keys() | other.keys())
        if key not in apart and one.get(key) != other.get(key)
    ]
    return ", ".join(parts)


def _suspension(old: ScheduleRecord, new: ScheduleRecord) -> str:
    """What becomes of its suspension, which an end and a reason describe; empty for no change."""
    if (old.suspended, old.resumes) == (new.suspended, new.resumes):
        return ""
    if new.suspended is None:
        was = f"; it was suspended: {on_one_line(old.suspended)}" if old.suspended else ""
        return f"runs again{was}"
    still = "" if old.suspended is None else "still "
    until = "it is resumed" if new.resumes is None else format_minute(new.resumes)
    reason = f": {on_one_line(new.suspended)}" if new.suspended else ""
    return f"{still}does not run until {until}{reason}"


def describe_slot(slot: Slot | PackedSlot) -> str:
    """A slot's cron as people read it: ``0 6 * * * (UTC)``."""
    return f"{slot.cron} ({slot.timezone if isinstance(slot, Slot) else 'UTC'})"


def _rewoken(old: Slot, new: Slot) -> str:
    """Why a slot changes. Earlier versions deployed slots in zones of their own."""
    reason = f"wakes at {describe_slot(new)}, not {describe_slot(old)}"
    return reason if old.timezone == new.timezone else f"now in UTC: {reason}"


def slot_json(slot: Slot) -> dict[str, str]:
    """A slot as JSON."""
    return {"cron": slot.cron, "timezone": slot.timezone}


def _action(old: ScheduleRecord, new: ScheduleRecord) -> Action:
    if (old.suspended is None) == (new.suspended is None):
        return Action.UPDATE
    return Action.RESUME if new.suspended is None else Action.SUSPEND


def _rename(
    old: ScheduleRecord,
    new: ScheduleRecord,
    locations: Mapping[str, Location],
    chain: Sequence[Hop],
) -> Change:
    also = describe_change(replace(old, name=new.name, formerly=new.formerly), new)
    was = describe_way(old.name, chain) if chain else old.name
    reason = f"was {was}; its history moves along" + (f"; {also}" if also else "")
    return _change(Action.RENAME, new.name, reason, old, new, locations)


def _change(
    action: Action,
    name: str,
    reason: str,
    before: ScheduleRecord | None,
    after: ScheduleRecord | None,
    locations: Mapping[str, Location],
) -> Change:
    location = locations.get(name)
    return Change(
        action=action,
        kind=Kind.SCHEDULE,
        name=name,
        reason=reason,
        file=None if location is None else location.file,
        line=None if location is None else location.line,
        before=None if before is None else masked(before).to_json(),
        after=None if after is None else masked(after).to_json(),
    )


def _by_name(slots: Iterable[Slot]) -> dict[str, Slot]:
    return {slot.name: slot for slot in slots}


def value_text(key: str, value: Any) -> str:
    """The value of a field of a record's JSON as the manifest has it, on one line."""
    return on_one_line(_written(key, value))


def _written(key: str, value: Any) -> str:
    match value:
        case None:
            return "unset"
        case bool() | dict():
            return json.dumps(value, ensure_ascii=False)
        case int() | float() if key in UNITS:
            seconds = value * UNITS[key].total_seconds()
            whole = seconds >= 0 and seconds == int(seconds)
            return format_duration(timedelta(seconds=seconds)) if whole else f"{seconds} s"
        case "":
            return "yes"
        case [single]:
            return str(single)
        case list() if len(value) > LISTED:
            shown = ", ".join(map(str, value[:LISTED]))
            return f"{shown} and {len(value) - LISTED} more"
        case list():
            return " and ".join(map(str, value))
        case _:
            return str(value)


def generation_changes(applied: Generation, planned: Generation) -> Iterator[Change]:
    """The changes, in a stable order."""
    yield from _setting_change(
        "history",
        "history_days",
        (applied.history_days, f"{applied.history_days}d"),
        (planned.history_days, f"{planned.history_days}d"),
    )
    yield from _setting_change(
        "punctuality",
        "punctuality",
        (applied.punctuality, format_seconds(applied.punctuality)),
        (planned.punctuality, format_seconds(planned.punctuality)),
    )
    yield from _setting_change(
        "tz database",
        "tz",
        (applied.tz, applied.tz or "unknown"),
        (planned.tz, planned.tz),
    )
    if applied.holidays and planned.holidays:
        yield from _setting_change(
            "holidays",
            "holidays",
            (applied.holidays, applied.holidays),
            (planned.holidays, planned.holidays),
        )
    yield from _setting_change(
        "tasks",
        "task_resolution",
        (applied.task_resolution, _resolution(applied.task_resolution)),
        (planned.task_resolution, _resolution(planned.task_resolution)),
    )


def _setting_change(
    name: str, key: str, before: tuple[Any, str], after: tuple[Any, str]
) -> Iterator[Change]:
    if before != after:
        yield Change(
            action=Action.UPDATE,
            kind=Kind.GENERATION,
            name=name,
            reason=f"{name} {before[1]} → {after[1]}",
            before={key: before[0]},
            after={key: after[0]},
        )


def _resolution(minutes: int | None) -> str:
    return "not woken for" if minutes is None else f"every {minutes} min"


def describe_upstreams(record: ScheduleRecord) -> str:
    """For what a schedule waits, as people read it."""
    described = (
        (one.name, describe_condition(one, follows=record.follows)) for one in record.after
    )
    return " and ".join(f"{name} ({when})" if when else name for name, when in described)


def describe_condition(one: Upstream, *, follows: bool) -> str:
    """``within 7d, on failed, by 09:00``: which occurrence of an upstream counts, for what outcome
    the schedule waits, and when an alert says so. What has its default is left out."""
    details = (
        [] if follows or one.within == WITHIN else [f"within {format_seconds(one.within * 60)}"]
    )
    if one.on is not Condition.SUCCEEDED:
        details.append(f"on {one.on}")
    if one.by is not None:
        details.append(f"by {format_time_of_day(one.by)}")
    return ", ".join(details)
