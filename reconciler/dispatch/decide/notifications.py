"""What to notify people of: alerts and pings, from the lines of a wake; overdue slots. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeVar

from reconciler.alerts import AlertRule
from reconciler.cron import Timetable, instant, minute, parse_times
from reconciler.dispatch.decide.second_source import worker_overdue_since
from reconciler.model.cursor import Cursor
from reconciler.model.generation import Generation, Slot
from reconciler.model.occurrence import Occurrence, format_minute, parse_minute
from reconciler.model.outbox import Notification, NotificationKind, Outbox
from reconciler.model.runs_file import RunRecord, RunState, format_time
from reconciler.model.task import is_task

if TYPE_CHECKING:
    from reconciler.model.generation import Generation
    from reconciler.model.schedule_record import ScheduleRecord

V = TypeVar("V")

NOTIFICATIONS_KEPT: Final = 1000
"""Notifications that wait to be sent at most; the history has all."""
GIVEN_UP_AFTER: Final = timedelta(hours=24)
"""A notification older than this is no longer sent."""
LONGEST_STREAK: Final = 20
"""Failed runs that a streak names at most."""
MISSES_KEPT: Final = 2000
"""Counted misses that the cursor keeps at most, the newest; ``MISSES_OF_ONE`` of one schedule."""
MISSES_OF_ONE: Final = 200


def outbox_with(
    outbox: Outbox,
    generation: Generation,
    lines: Iterable[RunRecord],
    seen: datetime,
    *,
    is_current: bool,
) -> Outbox:
    """An outbox and what these lines add.

    Args:
        lines: each end of a call once, in the order in which it counts.
        seen: when the wake saw them.
        is_current: whether a wake that read this generation left the outbox. Misses of a name
            that the generation does not know are then of a schedule that is gone; else it may have
            appeared since, and they are kept.
    """
    streaks = _known_today(outbox.streaks, generation)
    notified = _notified_today(outbox.notified, streaks, generation)
    succeeded = _known_today(outbox.succeeded, generation)
    misses, counted = dict(outbox.misses), dict[str, set[int]]()
    for name, times in outbox.misses.items():
        today = name if is_task(name) else _name_today(name, generation)
        if today is None and is_current:
            del misses[name]
        for key in {name, today or name}:
            counted.setdefault(key, set()).update(times)
    writer = _Writer(
        generation, format_time(seen), streaks, notified, succeeded, misses, counted, []
    )
    for line in lines:
        writer.note(line)
    notifications = {**outbox.notifications}
    for notification in _at_once(writer.raised)[: max(0, NOTIFICATIONS_KEPT - len(notifications))]:
        notifications.setdefault(notification.id, notification)
    return Outbox(
        writer.streaks,
        notifications,
        frozenset(writer.notified & writer.streaks.keys()),
        writer.good,
        _newest_of_all(writer.misses),
    )


def with_lines(
    merged: Cursor,
    found: Cursor,
    generation: Generation,
    records: Iterable[RunRecord],
    seen: datetime,
) -> Cursor:
    """The cursor with the notifications that these lines give rise to.

    The end of a call that is no longer open in the cursor as it was found was noted by another
    wake. Ends come before starts, so that the pings of a schedule are in order.
    """
    new = [line for line in records if not line.state.ended or line.call in found.calls]
    new.sort(key=lambda line: (not line.state.ended, line.occurrence.at))
    is_current = found.generation == generation.digest
    outbox = outbox_with(found.outbox, generation, new, seen, is_current=is_current)
    needed = _needed(outbox, merged, generation)
    return replace(merged, outbox=outbox._replace(succeeded=needed))


def _needed(outbox: Outbox, cursor: Cursor, generation: Generation) -> dict[str, str]:
    """The successes that are newer than a run that is still open, by the names of today."""
    oldest: dict[str, int] = {}
    for key in (*cursor.calls.values(), *cursor.pending) if outbox.succeeded else ():
        occurrence = Occurrence.parse(key)
        owner = generation.owner(occurrence)
        name, at = occurrence.name if owner is None else owner.name, occurrence.at
        oldest[name] = min(at, oldest.get(name, at))
    return {
        name: time
        for name, time in outbox.succeeded.items()
        if name in oldest and oldest[name] < parse_minute(time)
    }


def streaks_of(lines: Iterable[RunRecord]) -> dict[str, tuple[str, ...]]:
    """The streaks that these lines leave behind, whatever is live; oldest line first."""
    found: dict[str, tuple[str, ...]] = {}
    for line in lines:
        if line.state is RunState.SUCCEEDED:
            if _ends(found.get(line.name, ()), line.occurrence):
                found.pop(line.name, None)
        elif line.state in FAILED_STATES:
            found[line.name] = _longer(found.get(line.name, ()), line.occurrence)
    return found


FAILED_STATES: Final = frozenset({RunState.FAILED, RunState.TIMED_OUT, RunState.START_FAILED})
"""The states that make a streak. A missed occurrence is an alert of its own."""


_PINGS: Final = {
    RunState.STARTED: NotificationKind.PING_START,
    RunState.SUCCEEDED: NotificationKind.PING_SUCCESS,
    RunState.FAILED: NotificationKind.PING_FAIL,
    RunState.TIMED_OUT: NotificationKind.PING_FAIL,
}


def rule_of(generation: Generation, name: str, record: ScheduleRecord | None) -> AlertRule | None:
    """Which events of a schedule, or of a program's task, are alerts; None without a recipient.

    Args:
        record: of the schedule of that name, None when there is none. Where it cannot be read, what
            holds for all schedules counts.
    """
    if record is None and not is_task(name) and not generation.may_have(name):
        return None
    rule = None if record is None else record.alerts
    if rule is None and generation.alerts is not None:
        rule = generation.alerts.rule
    return rule if rule is not None and rule.to else None


@dataclass(frozen=True, slots=True)
class _Writer:
    generation: Generation
    at: str
    streaks: dict[str, tuple[str, ...]]
    notified: set[str]
    good: dict[str, str]
    misses: dict[str, tuple[int, ...]]
    counted: dict[str, set[int]]
    """The same by the names of today as well."""
    raised: list[Notification]

    def note(self, line: RunRecord) -> None:
        record = self.generation.owner(line.occurrence)
        name = line.name if record is None else record.name
        rule = rule_of(self.generation, name, record)
        if record is not None and record.ping is not None:
            self.ping(record, line)
        if rule is None:
            return
        match line.state:
            case RunState.SUCCEEDED:
                self.succeeded(name, rule, line)
            case RunState.MISSED if rule.missed:
                self.missed(name, line)
            case state if state in FAILED_STATES and rule.failures is not None:
                self.failed(name, _wanted(rule.failures, record), line)
            case _:
                pass

    def ping(self, record: ScheduleRecord, line: RunRecord) -> None:
        # A supervisor sends the ping of its start itself: before its end, which may come at once.
        if line.state is not RunState.STARTED or not record.supervises(line.occurrence):
            kind = _PINGS.get(line.state)
            if kind is not None:
                self.add(kind, record.name, line.occurrence.id)

    def succeeded(self, name: str, rule: AlertRule, line: RunRecord) -> None:
        time = format_minute(line.occurrence.at)
        self.good[name] = max(time, self.good.get(name, ""))
        streak = self.streaks.get(name, ())
        if not _ends(streak, line.occurrence):
            return
        self.streaks.pop(name, None)
        notified = name in self.notified
        self.notified.discard(name)
        if rule.failures is not None and notified:
            self.add(NotificationKind.RECOVERED, name, line.occurrence.id, since=streak[0])

    def failed(self, name: str, wanted: int, line: RunRecord) -> None:
        if format_minute(line.occurrence.at) < self.good.get(name, ""):
            # A newer run has succeeded before this one failed: its streak is over.
            if wanted == 1:
                self.add_failures(name, _longer((), line.occurrence), line)
            return
        if name in self.notified:
            return
        streak = _longer(self.streaks.get(name, ()), line.occurrence)
        self.streaks[name] = streak
        if len(streak) >= wanted:
            self.notified.add(name)
            self.add_failures(name, streak, line)

    def add_failures(self, name: str, streak: tuple[str, ...], line: RunRecord) -> None:
        self.add(
            NotificationKind.FAILURES,
            name,
            line.occurrence.id,
            count=len(streak),
            since=streak[0],
            reason=line.reason or line.state.value,
        )

    def missed(self, name: str, line: RunRecord) -> None:
        # A wake that reads another generation may know the schedule by another name, but it calls
        # the occurrence the same.
        by_name = self.counted.setdefault(name, set()), self.counted.setdefault(line.name, set())
        times = tuple(at for at in line.times if not any(at in counted for counted in by_name))
        if not times:
            return
        for counted in by_name:
            counted.update(times)
        kept = (*self.misses.get(line.name, ()), *times)
        self.misses[line.name] = tuple(sorted(kept))[-MISSES_OF_ONE:]
        self.add(
            NotificationKind.MISSED,
            name,
            Occurrence(line.name, times[-1]).id,
            count=line.count - len(line.times) + len(times),
            since=format_minute(times[0]),
            times=times,
            reason=line.reason,
        )

    def add(
        self,
        kind: NotificationKind,
        name: str,
        subject: str,
        *,
        count: int = 1,
        since: str | None = None,
        times: tuple[int, ...] = (),
        reason: str | None = None,
    ) -> None:
        notification = Notification(
            kind=kind,
            name=name,
            subject=subject,
            raised=self.at,
            count=count,
            since=since,
            times=times,
            reason=reason,
        )
        self.raised.append(notification)


def _at_once(raised: Sequence[Notification]) -> list[Notification]:
    """The notifications, but one about all that a schedule missed."""
    found: dict[str, Notification] = {}
    for notification in raised:
        missed = notification.kind is NotificationKind.MISSED
        key = f"{notification.kind}/{notification.name}" if missed else notification.id
        before = found.get(key)
        found[key] = notification if before is None or not missed else _both(before, notification)
    return list(found.values())


def _both(one: Notification, other: Notification) -> Notification:
    older, newest = sorted((one, other), key=_newest)
    since = min(text for text in (one.since, other.since) if text is not None)
    reason = newest.reason
    if older.reason is not None and older.reason not in (reason or ""):
        reason = older.reason if reason is None else f"{older.reason}; {reason}"
    times = tuple(sorted((*one.times, *other.times)))
    return replace(newest, count=one.count + other.count, since=since, times=times, reason=reason)


def _newest(notification: Notification) -> int:
    return Occurrence.parse(notification.subject).at


def _ends(streak: tuple[str, ...], occurrence: Occurrence) -> bool:
    """Whether a streak is over when this has succeeded, rather than one from before it failed.

    A run may take longer than the one after it; and a wake may write down again what is long known.
    """
    return format_minute(occurrence.at) >= max(streak, default="")


def _longer(streak: tuple[str, ...], occurrence: Occurrence) -> tuple[str, ...]:
    """The streak with one more failed run; one that failed to start twice counts once."""
    time = format_minute(occurrence.at)
    return streak if time in streak else (*streak, time)[:LONGEST_STREAK]


def _wanted(failures: int, record: ScheduleRecord | None) -> int:
    """The streak of failures that is an alert; one, of what occurs only once."""
    return 1 if record is None or record.at is not None else failures


def _notified_today(
    notified: frozenset[str] | None, streaks: Mapping[str, tuple[str, ...]], generation: Generation
) -> set[str]:
    """Which of the streaks of today were notified."""
    if notified is not None:
        known = (generation.named(name) for name in notified)
        return {record.name for record in known if record is not None}
    found = set()
    for name, streak in streaks.items():
        record = generation.named(name)
        rule = rule_of(generation, name, record)
        failures = None if rule is None else rule.failures
        if failures is not None and len(streak) >= _wanted(failures, record):
            found.add(name)
    return found


def _known_today(kept: Mapping[str, V], generation: Generation) -> dict[str, V]:
    """What is kept of schedules that still exist, under the names that they have now."""
    known = ((_name_today(name, generation), value) for name, value in kept.items())
    return {name: value for name, value in known if name is not None}


def _name_today(name: str, generation: Generation) -> str | None:
    """The name that a schedule has now; None when there is none any more."""
    record = generation.named(name)
    if record is not None:
        return record.name
    # What is noted of a record that cannot be read waits until it can.
    return name if generation.may_have(name) else None


def _newest_of_all(misses: Mapping[str, tuple[int, ...]]) -> Mapping[str, tuple[int, ...]]:
    """The counted misses, without the oldest when there are too many."""
    every = [at for times in misses.values() for at in times]
    if len(every) <= MISSES_KEPT:
        return misses
    oldest = sorted(every)[-MISSES_KEPT]
    kept = {name: tuple(at for at in times if at >= oldest) for name, times in misses.items()}
    return {name: times for name, times in kept.items() if times}


SETTLING: Final = 10
"""Minutes after a slot was planned in which it may not be deployed yet."""
EARLY: Final = timedelta(minutes=1)
"""A wake this much before its time, by its own clock, is the wake of that time; unless an earlier
time is nearer, as it mostly is for a slot that wakes every minute."""


def overdue_notifications(
    generation: Generation,
    woken: Mapping[str, str],
    seen: datetime,
    waking: str,
    recovered: str,
    *,
    by_worker: bool = False,
) -> Iterator[Notification]:
    """An alert for each slot that is overdue, the same at every wake until the slot has woken.

    Args:
        woken: slot to its last wake, ISO 8601.
        seen: the time of this wake.
        waking: its slot.
        recovered: as in the cursor.
        by_worker: whether the Worker on Cloudflare asked for this wake.
    """
    if generation.alerts is None or not generation.alerts.overdue:
        return
    now = minute(seen)
    worker = generation.worker
    overdue = worker_overdue_since(generation, woken, now, recovered=recovered)
    if worker is not None and overdue is not None and not by_worker:
        yield Notification(
            kind=NotificationKind.OVERDUE,
            name=worker.source,
            subject=Occurrence(worker.source, overdue).id,
            raised=format_time(seen),
        )
    for slot in generation.slots:
        last = woken.get(slot.name)
        at = overdue_since(generation, slot, last, now, waking=waking, recovered=recovered)
        if at is not None:
            yield Notification(
                kind=NotificationKind.OVERDUE,
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
    """The epoch minute through which a wake at this time has processed its slot's times."""
    woken, early = minute(wake), minute(wake + EARLY)
    last = timetable.previous(woken)
    if last is None or timetable.next(woken) != early:
        return early
    return early if instant(early) - wake < wake - instant(last) else woken
