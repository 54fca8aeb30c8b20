"""Which trigger caused which wake, and which wake started which runs. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from reconciler.cron import instant
from reconciler.model.generation import Slot
from reconciler.model.runs import Run
from reconciler.model.runs_file import WakeLog
from reconciler.plan.forecast import slot_timetable
from reconciler.query.last_hours import LastHours
from reconciler.query.latency import WakeLatency, latency


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
        at: the minute for which the cron fires; of a request over HTTP, when what sent it says that
            it was triggered. None where nothing records it.
        slot: the name of the slot; empty where it was no cron.
        source: who asked for it over HTTP; empty otherwise.
        wake: when the wake began.
        runs: that it started, in the order of their starts.
        first_start: from the beginning of the wake to the first start; None when there was none,
            or it is not recorded.
    """

    at: datetime | None
    slot: str
    source: str
    wake: datetime
    runs: tuple[StartedRun, ...]
    first_start: timedelta | None = None


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
    runs = _started_by(hours)
    firsts = _first_starts(hours.logs)
    came: dict[str, set[int]] = {}
    triggers: dict[str, Trigger] = {}
    for log in hours.logs:
        begun = datetime.fromisoformat(log.started)
        times = due.get(log.slot, ())
        place = bisect_right(times, int(begun.timestamp()) // 60)
        found = _request(log, firsts.get(log.wake))
        if place and not log.source:
            came.setdefault(log.slot, set()).add(times[place - 1])
            found = replace(found, at=instant(times[place - 1]), slot=log.slot)
        # A run bears the time at which its wake began; it cannot have started before the first one.
        earliest = begun + (found.first_start or timedelta())
        own = (replace(one, started=max(one.started, earliest)) for one in runs.get(log.wake, ()))
        triggers.setdefault(log.wake, replace(found, runs=tuple(own)))
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


def requests_of(logs: Iterable[WakeLog]) -> Iterable[Trigger]:
    """The wakes that were asked for over HTTP, without the runs that they started."""
    logs = list(logs)
    firsts = _first_starts(logs)
    found = {log.wake: _request(log, firsts.get(log.wake)) for log in reversed(logs) if log.source}
    return found.values()


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


def wake_latency(triggers: Iterable[Trigger]) -> WakeLatency | None:
    """From trigger to wake to first start; None when no trigger is known.

    Triggers and wakes are recorded in whole seconds, so the first part may be one second off.
    """
    known = [(one, one.at) for one in triggers if one.at is not None]
    to_wake = latency((one.wake - at).total_seconds() for one, at in known)
    if to_wake is None:
        return None
    firsts = (one.first_start.total_seconds() for one, _ in known if one.first_start is not None)
    return WakeLatency(to_wake, latency(firsts))


def _request(log: WakeLog, first_start: timedelta | None) -> Trigger:
    at = datetime.fromisoformat(log.triggered) if log.triggered else None
    return Trigger(at, "", log.source, datetime.fromisoformat(log.started), (), first_start)


def _first_starts(logs: Iterable[WakeLog]) -> Mapping[str, timedelta]:
    """By wake; only the later ones of a wake's files may know it."""
    return {
        log.wake: timedelta(milliseconds=log.first_start)
        for log in logs
        if log.first_start is not None
    }


def _started_by(hours: LastHours) -> Mapping[str, Sequence[StartedRun]]:
    """By the wake that started them, in the order of their starts."""
    found: dict[str, list[StartedRun]] = {}
    for name, runs in hours.runs.items():
        for run in runs:
            if run.starter is not None and run.started is not None:
                started = StartedRun(name, run, datetime.fromisoformat(run.started))
                found.setdefault(run.starter, []).append(started)
    for own in found.values():
        own.sort(key=lambda one: (one.started, one.name))
    return found


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
