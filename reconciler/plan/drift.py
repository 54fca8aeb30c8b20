"""Differences that were not made in git: what was applied against what is live.

What an apply leaves behind says the same thing in several places: the pointer names a generation,
the generation's bytes bear its name and list the slots, the app is tagged with the generation.
Where these disagree, a person changed something by hand, or an apply did not finish; the next
apply repairs it either way.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from reconciler.manifest import Location
from reconciler.model.generation import CRONLESS, Generation, Slot
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.plan.change import Action, Change, Kind
from reconciler.plan.changes import describe_change, describe_slot, slot_json
from reconciler.plan.compilation import same_but_for_anchor
from reconciler.plan.differ import difference
from reconciler.plan.notification_rules import masked
from reconciler.plan.state import Actual, OwnApp
from reconciler.plan.tags import GENERATION_TAG, tag_value


def last_applied(actual: Actual, desired: Generation) -> Generation | None:
    """What git changes are measured against; None when nothing was ever applied.

    When the only copy of what was applied is lost, what git changed of a schedule since is not
    known: then every difference counts as drift, as if the desired schedule had been applied. Those
    that were not live are new all the same, as far as the record of the last apply names them.
    """
    if actual.applied is not None:
        return actual.applied
    if actual.lost is None:
        return actual.live
    begun = actual.lost.begun
    if begun is None:
        return desired
    was_live = {*begun, *(actual.live.by_name if actual.live is not None else ())}
    kept = (record for record in desired.records if was_live.intersection(record.names))
    return replace(desired, records=tuple(kept))


def find_drift(
    actual: Actual, applied: Generation | None, app: str, locations: Mapping[str, Location]
) -> Iterator[Change]:
    """Yield what is not as the last apply left it.

    Args:
        applied: see :func:`last_applied`; None when it cannot be known.
        app: our app's name.
        locations: where each desired schedule is declared.
    """
    if applied is None and actual.lost is None:
        return
    if actual.volume_is_another:
        yield _repair(Kind.VOLUME, app, _volume_drift(actual))
    if actual.lost is None or not actual.volume_is_another:
        yield from _pointer_drift(actual, app)
    yield from _damage(actual)
    if applied is not None:
        yield from _generation_drift(actual, applied, locations)
    if actual.own is None:
        yield _repair(Kind.APP, app, f"is not deployed: {_ended(actual)}")
        return
    if applied is not None:
        yield from _slot_drift(actual.own, applied, actual)
    for function in CRONLESS:
        if function not in actual.own.functions:
            yield _repair(Kind.APP, app, f"lacks its function {function}")


def lost_deletions(actual: Actual, names: Collection[str], gone: str) -> Iterator[Change]:
    """The schedules of a lost generation that git does not have any more.

    Args:
        names: the names in git, old ones included.
        gone: why they are deleted.
    """
    if actual.lost is None:
        return
    live = {} if actual.live is None else actual.live.by_name
    for name in sorted((actual.lost.begun or {}).keys() - set(names)):
        record = live.get(name)
        yield Change(
            action=Action.DELETE,
            kind=Kind.SCHEDULE,
            name=name,
            reason=gone,
            before=None if record is None else masked(record).to_json(),
        )


def _volume_drift(actual: Actual) -> str:
    happened = "was deleted" if actual.volume is None else "was deleted and made again"
    lost = (
        "its tasks and its history are lost"
        if actual.lost is not None
        else "what was on the old one is lost unless it was copied"
    )
    return (
        f"{happened}: no schedule runs, since the deployed functions hold the old one "
        f"({actual.mounted}); {lost}"
    )


def _ended(actual: Actual) -> str:
    if actual.stopped is None:
        return "it was stopped or deleted; Modal does not record by whom"
    return f"it was stopped {actual.stopped}"


def _pointer_drift(actual: Actual, app: str) -> Iterator[Change]:
    tagged = actual.own.tags.get(GENERATION_TAG) if actual.own is not None else None
    if actual.pointer_damage is not None:
        yield _repair(Kind.POINTER, app, actual.pointer_damage + _written(actual.pointer_written))
    elif actual.pointer is None and tagged is not None:
        yield _repair(Kind.POINTER, app, "was removed: no schedule runs")
    elif actual.pointer is not None and actual.own is not None:
        named = tag_value(actual.pointer.generation)
        if tagged != named:
            yield _repair(
                Kind.POINTER,
                app,
                f"names generation {named[:12]} and the app is tagged with "
                f"{(tagged or 'none')[:12]}: it was moved, or an apply did not finish"
                f"{_written(actual.pointer_written)}",
            )


def _damage(actual: Actual) -> Iterator[Change]:
    if actual.live_damage is not None and actual.pointer is not None:
        reason = actual.live_damage + _written(actual.live_written)
        yield _repair(Kind.GENERATION, actual.pointer.generation[:12], reason)


def _generation_drift(
    actual: Actual, applied: Generation, locations: Mapping[str, Location]
) -> Iterator[Change]:
    if actual.live is None:
        return
    found = difference(applied.by_name, actual.live.by_name, same_but_for_anchor)
    for name in found.removed:
        yield _repair_record(name, "does not run: its record is gone", locations, None)
    for name, (meant, live) in found.changed.items():
        reason = f"runs otherwise than applied: {describe_change(meant, live)}"
        yield _repair_record(name, reason, locations, live)
    gone = frozenset(() if actual.lost is None else actual.lost.begun or ())
    for name, record in found.added.items():
        if name in gone:
            continue  # git deletes it: see lost_deletions
        yield _repair_record(name, "runs and was not applied", locations, record)


def _written(at: str | None) -> str:
    """When a file was written, as the end of a reason; empty when that is not known."""
    return "" if at is None else f"; written at {at}; Modal does not record by whom"


def _deployed_since(actual: Actual) -> str:
    """Who deployed the app after the last apply, as the end of a reason; empty without a deploy.

    Times are whole seconds. In the apply's own second it was another process too: what the apply
    deployed is what its generation lists, and then there is no drift to give a reason for.
    """
    touch = None if actual.own is None else actual.own.deployed
    if touch is None or actual.pointer is None or touch.at < actual.pointer.at:
        return ""
    return f"; deployed {touch}"


def _slot_drift(own: OwnApp, applied: Generation, actual: Actual) -> Iterator[Change]:
    since = _deployed_since(actual)
    # Where what was applied is lost, ``applied`` is what git says: nothing else is known of slots.
    unknown = actual.applied is None and actual.lost is not None
    was = "git says" if unknown else "applied was"
    extra = "and git needs no such slot" if unknown else "and was not applied"
    expected = {slot.name: slot for slot in applied.slots}
    found = difference(expected, {slot.name: slot for slot in own.slots}, Slot.__eq__)
    for name, slot in found.removed.items():
        reason = f"does not wake: {describe_slot(slot)} is not deployed{since}"
        yield _repair(Kind.SLOT, name, reason)
    for name, (meant, live) in found.changed.items():
        yield _repair(
            Kind.SLOT,
            name,
            f"wakes at {describe_slot(live)}, {was} {describe_slot(meant)}{since}",
            before=slot_json(live),
        )
    for name, slot in found.added.items():
        reason = f"wakes at {describe_slot(slot)} {extra}{since}"
        yield _repair(Kind.SLOT, name, reason, slot_json(slot))


def _repair(kind: Kind, name: str, reason: str, before: Mapping[str, str] | None = None) -> Change:
    return Change(action=Action.REPAIR, kind=kind, name=name, reason=reason, before=before)


def _repair_record(
    name: str, reason: str, locations: Mapping[str, Location], live: ScheduleRecord | None
) -> Change:
    location = locations.get(name)
    return Change(
        action=Action.REPAIR,
        kind=Kind.SCHEDULE,
        name=name,
        reason=reason,
        file=None if location is None else location.file,
        line=None if location is None else location.line,
        before=None if live is None else masked(live).to_json(),
    )
