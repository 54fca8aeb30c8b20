"""From the repository's schedules to the records that the dispatcher reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from reconciler.cron import Expression, Timetable, minute, parse
from reconciler.foreign_text import on_one_line
from reconciler.manifest import EnvironmentSettings, FunctionTarget, Schedule
from reconciler.manifest.retries import NO_RETRIES, Retries
from reconciler.manifest.schedule import Exclusion
from reconciler.model.cursor import CLOCK_TOLERANCE, RELOOK
from reconciler.model.generation import Generation
from reconciler.model.pointer import Renames
from reconciler.model.schedule_record import Policies, ScheduleRecord
from reconciler.model.target_record import TargetRecord
from reconciler.plan.notification_rules import with_notifications
from reconciler.plan.state import Lost

RENAME_GRACE: Final = 10
"""Minutes after a rename for which occurrences still bear the old name: until then a wake may read
what was live before, and the two names must not run the same occurrence."""
TASK_GRACE: Final = 24 * 60
"""Minutes for which a task that is past keeps its slot."""
OPENING: Final = RELOOK
"""Minutes after the plan in which moved bounds count as opened. A wake that reads what was live
before sees nothing due in them, and moves on. The first wake that reads the new ones looks again at
what begins anew."""


class Compiled(NamedTuple):
    """Records, and with which apply each began.

    Attributes:
        begun: schedule name to the number of that apply; without what began before there were any.
        rebuilt: schedule name to the epoch minute at which it was rebuilt after its generation was
            lost, see :attr:`~reconciler.model.generation.Generation.rebuilt`.
    """

    records: tuple[ScheduleRecord, ...]
    begun: Mapping[str, int]
    rebuilt: Mapping[str, int]


def compile_records(
    schedules: Iterable[Schedule],
    known: Sequence[Generation],
    now: int,
    settings: EnvironmentSettings | None = None,
    *,
    number: int = 1,
    lost: Lost | None = None,
    readable: frozenset[str] | None = None,
    targets: Mapping[str, TargetRecord] = MappingProxyType({}),
) -> Compiled:
    """Compile schedules, each with the anchor from which on its occurrences count.

    A schedule whose times are the same as in a generation that was applied keeps that one's anchor
    and apply number. A new one, one with other times and a resumed one begin now, with the number
    of this apply, and do not run for the past. Resumed is also one whose ``start`` or ``end`` is
    moved so that it runs when it soon would not. So does one whose anchor is ahead of now by more
    than ``CLOCK_TOLERANCE``: a wrong clock set it, and the schedule would not run until then.

    Of several generations the earliest anchor counts, and the highest number: an anchor too late
    would lose what is due, and a number too low would hide it from a wake that reads it anew.

    Args:
        known: the generations that were or may have been live.
        now: epoch minute.
        settings: of the environment, which name the recipients of notifications; None for none.
        number: of the apply that this is compiled for, higher than all that are known.
        lost: what is known of the last generation when it is lost. Its schedules go on from where
            the wakes had come: what was due since is processed, or reported as missed.
        readable: the schedules of the live generation whose records can be read, where some cannot.
            The others get the number of this apply: wakes look at what they have not processed.
        targets: the code targets of the schedules, by their keys; without them the records say when
            the schedules run, and not in which app.
    """
    schedules = tuple(schedules)
    names = frozenset(schedule.name for schedule in schedules)
    if lost is not None and lost.before is not None:
        known = (*known, lost.before)
    pasts = _pasts(known, schedules, lost)
    returned = [given_back(past, schedules) for past in pasts]
    dependants: dict[str, list[str]] = {}
    for schedule in schedules:
        for upstream in schedule.after:
            dependants.setdefault(upstream.name, []).append(schedule.name)
    records = []
    begun = {}
    rebuilt = {}
    for schedule in schedules:
        record = _record(schedule, now, settings, targets)
        if schedule.name in dependants:
            record = replace(record, dependants=tuple(sorted(dependants[schedule.name])))
        formerly = [old for old in schedule.formerly if old not in names]
        record = _renamed(record, formerly, pasts, returned, now)
        beginning = _beginning(record, known, now, lost) or _begins(record, now, number, lost)
        if readable is not None and readable.isdisjoint(_now_and_before(record)):
            beginning = beginning._replace(number=number)
        if record.anchor != beginning.anchor:
            record = replace(record, anchor=beginning.anchor)
        records.append(record)
        if beginning.number:
            begun[record.name] = beginning.number
        if beginning.rebuilt is not None:
            rebuilt[record.name] = beginning.rebuilt
    return Compiled(tuple(records), begun, rebuilt)


def is_ahead(record: ScheduleRecord, now: int) -> bool:
    """Whether a record's anchor is so far ahead of an epoch minute that a clock is wrong."""
    return record.anchor > now + CLOCK_TOLERANCE


def same_but_for_anchor(one: ScheduleRecord, other: ScheduleRecord) -> bool:
    """Whether two records of one schedule say the same, whenever they began."""
    if one.anchor != other.anchor:
        one = replace(one, anchor=other.anchor)
    return one == other


def timetable_of(schedule: Schedule) -> Timetable:
    """The times that have to be woken for; a task's one time as the expression that names it.

    Among them are the times at which an alert is due that an occurrence still waits. A schedule
    without times of its own has only these: the wakes of its upstream are its own.
    """
    if isinstance(schedule.times, datetime):
        return at_timetable(schedule.times)
    alerts = tuple(_alert_expressions(schedule))
    if not alerts:
        return schedule.times
    own = () if schedule.follows else schedule.times.expressions
    return Timetable((*own, *alerts), schedule.times.zone)


def at_timetable(at: datetime) -> Timetable:
    """The cron that a single time in UTC needs; it would come again every year."""
    return Timetable((parse(f"{at.minute} {at.hour} {at.day} {at.month} *"),), "UTC")


def minutes(duration: timedelta) -> int:
    """Whole minutes of a duration."""
    return duration // timedelta(minutes=1)


def needs_waking(schedule: Schedule, now: int) -> bool:
    """Whether the schedule will be due again, as things stand.

    The slot of a task that is past stays for a day, in case its wake was lost.
    """
    if schedule.suspension is not None and schedule.suspension.until is None:
        return False
    if schedule.end is not None and schedule.end <= now:
        return False
    if schedule.follows and all(one.by is None for one in schedule.after):
        return False
    return not isinstance(schedule.times, datetime) or minute(schedule.times) > now - TASK_GRACE


def given_back(past: Renames, schedules: Sequence[Schedule]) -> Mapping[str, str]:
    """The schedules that git has under a name that they once had: that name to the live one.

    A rollback to a commit from before a rename gives an old name back. It is not a deletion, and
    the history stays with it.

    Args:
        past: of each schedule of a generation its earlier names.
    """
    names = {schedule.name for schedule in schedules}
    claimed = {old for schedule in schedules for old in schedule.formerly}
    found: dict[str, str] = {}
    for name, formerly in past.items():
        if not formerly or name in names or name in claimed:
            continue
        for old, _last in reversed(formerly):
            if old in names and old not in past and old not in found:
                found[old] = name
                break
    return found


def past_of(generation: Generation) -> Renames:
    """The earlier names of each schedule of a generation, also where there are none."""
    return {record.name: record.formerly for record in generation.records}


def _pasts(
    known: Iterable[Generation], schedules: Iterable[Schedule], lost: Lost | None
) -> Sequence[Renames]:
    """What is known of earlier names: first what the lost generation said, if that is known.

    A name that a manifest gives, and that the lost generation had not yet given up, was live. Of
    several the first counts, which is the newest, where it is not known which were live.
    """
    pasts = [past_of(generation) for generation in known]
    if lost is None or lost.renames is None:
        return pasts
    names = lost.begun
    live = {
        old: ()
        for schedule in schedules
        if schedule.name not in lost.renames and (names is None or schedule.name not in names)
        for old in (schedule.formerly[:1] if names is None else schedule.formerly)
        if names is None or old in names
    }
    return [live | dict(lost.renames), *pasts]


def _record(
    schedule: Schedule,
    anchor: int,
    settings: EnvironmentSettings | None,
    targets: Mapping[str, TargetRecord],
) -> ScheduleRecord:
    runs = _runs(schedule, targets)
    one_off = isinstance(schedule.times, datetime)
    suspension = schedule.suspension
    policies = {item.name: getattr(schedule, item.name) for item in fields(Policies)}
    if not isinstance(schedule.target, FunctionTarget):
        policies["timeout"] = None  # the function itself is deployed with it
    record = ScheduleRecord(
        name=schedule.name,
        app=runs.app,
        function=runs.function,
        code=runs.code,
        tries=runs.tries,
        resources=dict(runs.resources),
        anchor=anchor,
        when=() if one_off else schedule.when,
        # One time is one instant; days to exclude are those of a zone all the same.
        timezone="UTC"
        if one_off and not (schedule.exclude or schedule.calendars)
        else schedule.timezone,
        at=minute(schedule.times) if isinstance(schedule.times, datetime) else None,
        # Status, runs and alerts show it in one line.
        suspended=None if suspension is None else on_one_line(suspension.reason or ""),
        resumes=None
        if suspension is None or suspension.until is None
        else minute(suspension.until),
        exclude=tuple(dict.fromkeys(map(_exclusion_text, _exclusions(schedule)))),
        retries=runs.retries.max,
        backoff=runs.retries.backoff.total_seconds(),
        factor=runs.retries.factor,
        **policies,
    )
    return record if settings is None else with_notifications(record, schedule, settings)


class _Runs(NamedTuple):
    """What a schedule calls, and what of its retries is left to a supervisor."""

    app: str
    function: str
    retries: Retries
    code: str = ""
    tries: int = 0
    resources: Mapping[str, Any] = MappingProxyType({})


def _runs(schedule: Schedule, targets: Mapping[str, TargetRecord]) -> _Runs:
    target = schedule.target
    if isinstance(target, FunctionTarget):
        return _Runs(target.app, target.function, schedule.retries, resources=target.resources)
    retries = target.options.retries or NO_RETRIES
    record = targets.get(target.key)
    if record is None:  # a question about times, which deploys nothing
        return _Runs(target.path, target.function, NO_RETRIES, str(target))
    if target.options.retried_by_modal:
        # The function itself is deployed with them, as it is with its timeout.
        return _Runs(record.app, record.function, NO_RETRIES, record.code, retries.max)
    return _Runs(record.app, record.function, retries, record.code)


def _renamed(
    record: ScheduleRecord,
    formerly: Sequence[str],
    pasts: Sequence[Renames],
    returned: Sequence[Mapping[str, str]],
    now: int,
) -> ScheduleRecord:
    """The record with its earlier names; what it was called stays known when git forgets it.

    Args:
        formerly: the earlier names that the manifest gives and that git does not have any more.
        pasts: the earlier names of the schedules that are or were live.
        returned: of each of these, see :func:`given_back`.
    """
    for past in pasts:
        if record.name in past:
            return replace(record, formerly=past[record.name])
    for past, others in zip(pasts, returned, strict=True):
        old = next((old for old in formerly if old in past), others.get(record.name))
        if old is not None:
            return replace(record, formerly=(*past[old], (old, now + RENAME_GRACE)))
    return record


def _exclusions(schedule: Schedule) -> Iterator[Exclusion]:
    yield from schedule.exclude
    for calendar in schedule.calendars:
        yield from calendar.days


def _exclusion_text(exclusion: Exclusion) -> str:
    if isinstance(exclusion, Expression):
        return str(exclusion)
    first, last = exclusion.first.isoformat(), exclusion.last.isoformat()
    return first if first == last else f"{first}..{last}"


class _Beginning(NamedTuple):
    """When a schedule began, with which apply, and when that was rebuilt, if it was."""

    anchor: int
    number: int
    rebuilt: int | None


def _begins(record: ScheduleRecord, now: int, number: int, lost: Lost | None) -> _Beginning:
    """The beginning of a schedule that is not known to go on."""
    names = _now_and_before(record)
    if lost is None or not lost.had(names):
        return _Beginning(now, number, None)
    return _Beginning(lost.began(names, now), number, now)


def _beginning(
    record: ScheduleRecord, known: Sequence[Generation], now: int, lost: Lost | None
) -> _Beginning | None:
    """The beginning with which a schedule goes on; None when it begins anew."""
    names = _now_and_before(record)
    if lost is not None and not lost.had(names):
        return None
    found = [
        _Beginning(before.anchor, generation.begun.get(name, 0), generation.rebuilt.get(name))
        for generation in known
        for name in names
        if (before := generation.by_name.get(name)) is not None
        and not is_ahead(before, now)
        and _goes_on(before, record, now)
    ]
    if not found:
        return None
    first = min(found, key=lambda one: one.anchor)
    return first._replace(number=max(one.number for one in found))


def _now_and_before(record: ScheduleRecord) -> tuple[str, ...]:
    """The name of a schedule and, if it had one, the name before."""
    return (record.name, *(name for name, _last in record.formerly[-1:]))


def _goes_on(before: ScheduleRecord, after: ScheduleRecord, now: int) -> bool:
    """Whether a schedule that is changed so has the same times, and is not resumed by it."""
    if before.is_suspended(now) != after.is_suspended(now) or before.at != after.at:
        return False
    if _opens(before, after, now):
        return False
    if before.at is not None or (before.when, before.timezone) == (after.when, after.timezone):
        return True
    # Two texts can say the same: 1d and @daily.
    return before.timetable() == after.timetable()


def _opens(before: ScheduleRecord, after: ScheduleRecord, now: int) -> bool:
    """Whether its new bounds hold a time soon after the plan that the old ones do not."""
    (first, last), (old_first, old_last) = (_soon(record, now) for record in (after, before))
    return first <= last and (first < old_first or last > old_last)


def _soon(record: ScheduleRecord, now: int) -> tuple[int, int]:
    """The first and the last minute soon after the plan that are within its bounds."""
    first = now + 1 if record.start is None else max(now + 1, record.start)
    last = now + OPENING if record.end is None else min(now + OPENING, record.end - 1)
    return first, last


def _alert_expressions(schedule: Schedule) -> Iterator[Expression]:
    """When a schedule's alerts are due that say that it still waits, in its zone.

    On the days of its occurrences, where the time is later than all of these; else every day, since
    the first such time is on the day after.
    """
    for by in sorted({one.by for one in schedule.after if one.by is not None}):
        at = f"{by % 60} {by // 60}"
        for expression in getattr(schedule.times, "expressions", ()):
            is_later = _last_minute(expression) < by and expression.cycle is None
            days = str(expression).split()[2:] if is_later else []
            yield parse(f"{at} {' '.join(days)}" if len(days) == 3 else f"{at} * * *")


def _last_minute(expression: Expression) -> int:
    """The last minute of a day that it may name; both masks have a bit for each value."""
    return (expression.hours.bit_length() - 1) * 60 + expression.minutes.bit_length() - 1
