"""Slots that should have woken and did not. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

from reconciler.cron import Timetable, instant, minute, parse_times
from reconciler.model.generation import Generation, Slot
from reconciler.model.occurrence import Occurrence
from reconciler.model.outbox import Notice, NoticeKind
from reconciler.model.runs import format_time

SETTLING: Final = 10
"""Minutes after a slot was planned in which it may not be deployed yet."""
EARLY: Final = timedelta(minutes=1)
"""A wake this much before its time, by its own clock, is the wake of that time; unless an earlier
time is nearer, as it mostly is for a slot that wakes every minute."""


def overdue_notices(
    generation: Generation, woken: Mapping[str, str], seen: datetime, waking: str, recovered: str
) -> Iterator[Notice]:
    """An alarm for each slot that is overdue, the same at every wake until the slot has woken.

    Args:
        woken: slot to its last wake, ISO 8601.
        seen: the time of this wake.
        waking: its slot.
        recovered: as in the cursor.
    """
    if generation.alerts is None or not generation.alerts.overdue:
        return
    now = minute(seen)
    for slot in generation.slots:
        last = woken.get(slot.name)
        at = overdue_since(generation, slot, last, now, waking=waking, recovered=recovered)
        if at is not None:
            yield Notice(
                kind=NoticeKind.OVERDUE,
                name=slot.name,
                subject=Occurrence(slot.name, at).id,
                raised=format_time(seen),
            )


def overdue_since(
    generation: Generation,
    slot: Slot,
    last_wake: str | None,
    now: int,
    *,
    waking: str = "",
    recovered: str = "",
) -> int | None:
    """The first time at which a slot should have woken since its last wake, and has not.

    A wake may be late by the punctuality that the settings ask for. A slot counts from when it was
    planned as it is: one that is new, or whose cron has just changed, is not judged by the past.

    Args:
        last_wake: ISO 8601; None when it has not woken yet.
        now: epoch minute.
        waking: the slot whose wake this is: that is the one of the newest time.
        recovered: as in the cursor: of earlier wakes nothing is known for certain, and what they
            were notified of must not be repeated.
    """
    since = generation.slots_since.get(slot.name)
    if since is None:
        return None
    after = since + SETTLING
    timetable = Timetable(tuple(parse_times(slot.cron)), slot.timezone)
    if recovered:
        after = max(after, minute(datetime.fromisoformat(recovered)))
    if last_wake is not None:
        after = max(after, _served(timetable, datetime.fromisoformat(last_wake)))
    first = timetable.next(after)
    if first is None or first > now - max(1, generation.punctuality // 60):
        return None
    if slot.name == waking and first == timetable.previous(now):
        return None
    return first


def _served(timetable: Timetable, wake: datetime) -> int:
    """The epoch minute through which a wake at this time has served its slot's times."""
    woken, early = minute(wake), minute(wake + EARLY)
    last = timetable.previous(woken)
    if last is None or timetable.next(woken) != early:
        return early
    return early if instant(early) - wake < wake - instant(last) else woken
