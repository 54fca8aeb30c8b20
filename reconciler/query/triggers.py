"""Which trigger caused which wake, and which wake started which runs. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from reconciler.cron import instant
from reconciler.model.generation import Slot
from reconciler.model.runs import Run
from reconciler.plan.forecast import slot_timetable
from reconciler.query.last_hours import LastHours


@dataclass(frozen=True, slots=True)
class StartedRun:
    """A run that a wake started.

    Attributes:
        name: of its schedule, as it is now.
        started: when the wake started it.
    """

    name: str
    run: Run
    started: datetime


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger that caused a wake.

    Attributes:
        at: the minute for which the cron fires; None where nothing records when the trigger came.
        slot: the name of the slot; empty where it was no cron.
        source: who asked for it over HTTP; empty otherwise.
        wake: when the wake began.
        runs: that it started, in the order of their starts.
    """

    at: datetime | None
    slot: str
    source: str
    wake: datetime
    runs: tuple[StartedRun, ...]


@dataclass(frozen=True, slots=True)
class Absent:
    """Crons, one after the other, at which Modal should have fired and no wake came.

    Attributes:
        first, last: epoch minutes.
    """

    slot: str
    first: int
    last: int
    number: int


@dataclass(frozen=True, slots=True)
class Triggers:
    """What came of the triggers in a time.

    Attributes:
        triggers: that caused a wake, newest first.
        absent: those that did not come, oldest first.
        expected: of each slot, how often it should have fired.
    """

    triggers: tuple[Trigger, ...]
    absent: tuple[Absent, ...]
    expected: Mapping[str, int]


def triggers_of(hours: LastHours, slots: Iterable[Slot]) -> Triggers:
    """Match the crons of the slots, the wakes and the runs.

    A wake of a slot belongs to the newest minute at which its cron fires. What the cron before it
    should have caused did not come; the wake of the last minute may still come.

    Args:
        slots: that are live.
    """
    due = {slot.name: tuple(_due(slot, hours)) for slot in slots}
    runs: dict[str, list[StartedRun]] = {}
    for name, found in hours.runs.items():
        for run in found:
            if run.starter is not None and run.started is not None:
                started = StartedRun(name, run, datetime.fromisoformat(run.started))
                runs.setdefault(run.starter, []).append(started)
    came: dict[str, set[int]] = {}
    triggers: dict[str, Trigger] = {}
    for log in hours.logs:
        begun = datetime.fromisoformat(log.started)
        times = due.get(log.slot, ())
        place = bisect_right(times, int(begun.timestamp()) // 60)
        at = None
        if place and not log.source:
            came.setdefault(log.slot, set()).add(times[place - 1])
            at = instant(times[place - 1])
        own = sorted(runs.get(log.wake, ()), key=lambda one: (one.started, one.name))
        triggers.setdefault(
            log.wake, Trigger(at, log.slot if at else "", log.source, begun, tuple(own))
        )
    newest_first = sorted(triggers.values(), key=lambda one: one.wake, reverse=True)
    absent = (
        one
        for name, times in due.items()
        for one in _absent(name, times, {*came.get(name, ()), hours.until})
    )
    return Triggers(
        tuple(newest_first),
        tuple(sorted(absent, key=lambda one: (one.first, one.slot))),
        {name: len(times) for name, times in due.items()},
    )


def latencies(triggers: Iterable[Trigger]) -> Sequence[timedelta]:
    """From trigger to start, of every run whose trigger is known, ascending.

    A run that a wake made up for is not late because of that wake's trigger.
    """
    return sorted(
        one.started - trigger.at
        for trigger in triggers
        if trigger.at is not None
        for one in trigger.runs
    )


def _due(slot: Slot, hours: LastHours) -> Iterator[int]:
    yield from slot_timetable(slot).between(hours.after, hours.until)


def _absent(slot: str, due: Sequence[int], came: set[int]) -> Iterator[Absent]:
    row: list[int] = []
    for at in (*due, None):
        if at is not None and at not in came:
            row.append(at)
        elif row:
            yield Absent(slot, row[0], row[-1], len(row))
            row = []
