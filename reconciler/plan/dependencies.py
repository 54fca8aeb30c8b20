"""What a plan says of schedules that wait for others or for their own runs: the order, the
conditions, the cost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.cron.clock import MINUTES_PER_DAY
from reconciler.durations import format_seconds
from reconciler.manifest import Schedule
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.pack import wakes_per_month
from reconciler.plan.changes import describe_upstreams
from reconciler.plan.foreign import Warned
from reconciler.policies import Condition, Overlap


@dataclass(frozen=True, slots=True)
class PlannedWaits:
    """The schedules that wait, and what that costs.

    Attributes:
        order: the schedules that wait or are waited for, upstreams before what waits for them.
        waits: by name, for what each waits, in words.
        for_others: how many of them wait for other schedules, not only for their own runs
            (``overlap: queue``).
        supervised: runs a month that are supervised because something waits for them, or may.
        asked: wakes a month that their ends ask for at most: ends of the same seconds share one,
            and one behind which nothing is queued asks for none.
    """

    order: tuple[str, ...]
    waits: Mapping[str, str]
    for_others: int
    supervised: int
    asked: int


def planned_waits(records: Iterable[ScheduleRecord], now: int) -> PlannedWaits | None:
    """What waits for what; None when nothing does.

    Args:
        now: epoch minute.
    """
    linked = {
        record.name: record
        for record in records
        if record.after or record.dependants or _queues(record)
    }
    if not linked:
        return None
    ending = [record for record in linked.values() if record.dependants or _queues(record)]
    runs = {record.name: _monthly(record, now) for record in ending}
    by_themselves = {record.name for record in ending if record.retries or record.timeout}
    return PlannedWaits(
        order=_in_order(linked),
        waits={
            name: _described(record)
            for name, record in linked.items()
            if record.after or _queues(record)
        },
        for_others=sum(bool(record.after) for record in linked.values()),
        supervised=round(sum(n for name, n in runs.items() if name not in by_themselves)),
        asked=round(sum(runs.values())),
    )


def waiting_warnings(schedules: Sequence[Schedule], history_days: int) -> Iterator[Warned]:
    """What a plan warns of while it lasts.

    Args:
        history_days: days for which runs are kept.
    """
    yield from _suspended_upstreams(schedules)
    yield from _beyond_history(schedules, history_days)


def _suspended_upstreams(schedules: Sequence[Schedule]) -> Iterator[Warned]:
    """Warn of schedules that wait for one that is suspended without an end: they are skipped.

    That is no error. Who suspends a schedule in an incident must not have to edit all that waits
    for it.
    """
    by_name = {schedule.name: schedule for schedule in schedules}
    for schedule in schedules:
        for one in schedule.after:
            upstream = by_name.get(one.name)
            if (
                upstream is None
                or upstream.suspension is None
                or upstream.suspension.until is not None
                or schedule.suspension is not None
                or one.on is Condition.ENDED
            ):
                continue
            message = (
                f"{schedule.name}: waits for {one.name}, which is suspended: its occurrences are "
                "skipped until that is resumed"
            )
            yield Warned(message, schedule.location.file, schedule.location.line)


def _beyond_history(schedules: Iterable[Schedule], history_days: int) -> Iterator[Warned]:
    """Warn of schedules that wait for occurrences whose runs may be pruned by then."""
    for schedule in schedules:
        for one in schedule.after:
            if one.within > history_days * MINUTES_PER_DAY:
                message = (
                    f"{schedule.name}: waits for an occurrence of {one.name} within "
                    f"{format_seconds(one.within * 60)}, and the history keeps {history_days}d: "
                    "one that is pruned counts as not started"
                )
                yield Warned(message, schedule.location.file, schedule.location.line)


def _queues(record: ScheduleRecord) -> bool:
    """Whether an occurrence of it may wait for an earlier run of it."""
    return record.overlap is Overlap.QUEUE and bool(record.when)


def _described(record: ScheduleRecord) -> str:
    upstreams = (describe_upstreams(record),) if record.after else ()
    own = ("its own earlier run",) if _queues(record) else ()
    return " and ".join((*upstreams, *own))


def _monthly(record: ScheduleRecord, now: int) -> float:
    timetable = record.timetable()
    if timetable is None or record.is_suspended(now):
        return 0
    return wakes_per_month([timetable], now)


def _in_order(linked: Mapping[str, ScheduleRecord]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for name in sorted(linked):
        stack = [name]
        while stack:
            upstreams = [one.name for one in linked[stack[-1]].after if one.name in linked]
            missing = next((one for one in upstreams if one not in found), None)
            if missing is None:
                found.setdefault(stack.pop())
            else:
                stack.append(missing)
    return tuple(found)
