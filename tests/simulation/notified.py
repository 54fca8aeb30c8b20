"""What is promised of alarms: the recipient gets each fact once.

* an alarm is sent once, unless something went wrong in a wake that sent it, or its entry was
  harmed;
* all alarms about what a schedule missed name no more than was missed: no miss is told twice;
* a miss that is written down is told, once an undisturbed wake comes within a day.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import pairwise
from typing import Any, Final

from reconciler.model.occurrence import Occurrence, parse_minute
from reconciler.model.runs import RunState
from reconciler.model.task import task_id_of
from tests.simulation.harm import notice_of
from tests.simulation.nominal import Calendar, CleanWakes, Nominal
from tests.simulation.reports import Reports
from tests.simulation.scenario import Scenario
from tests.simulation.world import ENTRY_LIFE, World

PATIENCE: Final = 23 * 3600.0
"""Seconds within which a wake has to come, for an alarm to be sent."""

MIXED: Final = 2 * 86400.0
"""Seconds after which what is due is settled, whichever generation the wakes read."""


def wrong_alarms(
    scenario: Scenario, world: World, calendar: Calendar, reports: Reports
) -> Iterator[str]:
    """What was told twice, or never."""
    if scenario.history is None or scenario.history.alerts is None:
        return
    doubted = {notice_of(key) for key in world.disturbed if key.startswith("notice/")}
    harmed = world.harm.notices | doubted
    sent = Counter(str(alarm.fields["id"]) for alarm in world.alarms)
    for notice, count in sent.items():
        where = notice.partition("/")[2].rpartition("@")[0]
        if count > 1 and not harmed & {notice, where} and not _forgotten(notice, world, reports):
            yield f"the alarm {notice} was sent {count} times"
    identities = {key.name: one.identity for key, one in calendar.by_occurrence.items()}
    missed: dict[int, set[int]] = defaultdict(set)
    for occurrence in reports.missed:
        if occurrence.name in identities:
            missed[identities[occurrence.name]].add(occurrence.at)
    # What such a file said was told before its commit was lost.
    for record in (record for log in world.lost for record in log.records):
        if record.state is RunState.MISSED and record.name in identities:
            missed[identities[record.name]].update(record.times)
    told = _told_misses(world, identities)
    for identity, alarms in told.items():
        count = sum(int(fields["count"]) for fields in alarms.values())
        known, times = len(missed[identity]), calendar.by_schedule[identity]
        # One whose claim is harmed is decided, and so may be reported, once more.
        again = sum(
            number
            for key, number in world.harm.claims.items()
            if identities.get(Occurrence.parse(key).name) == identity
        )
        again += sum(_may_be_repeated(one, world, reports) for one in times)
        if world.foreseen and world.harm.dropped:
            # The runs files are in the order of the clocks of their wakes.
            again += sum(world.was_foreseen(one.due) for one in times)
        if world.foreseen and len({key.name for one in times for key in one.keys}) > 1:
            # A clock that was ahead told it under the name that it had before it was due.
            again += sum(world.was_foreseen(one.due) for one in times)
        if count > known + again:
            yield f"{count} misses were told, of {known} reported, twice: {_twice(alarms)}"
    yield from _untold(scenario, world, calendar, told)


def _forgotten(notice: str, world: World, reports: Reports) -> bool:
    """Whether nothing readable said any more that it was sent, or how its run had ended.

    The claim of a notice dies after seven idle days; the file that wrote down the end was lost.
    """
    sent = sorted(alarm.at for alarm in world.alarms if alarm.fields["id"] == notice)
    if any(second - first <= ENTRY_LIFE for first, second in pairwise(sent)):
        return False
    subject = notice.partition("/")[2]
    task = task_id_of(Occurrence.parse(subject).name)
    if task is not None and task in world.harm.tasks:
        return True
    return subject in world.harm.described or Occurrence.parse(subject) in reports.unsure


def _may_be_repeated(nominal: Nominal, world: World, reports: Reports) -> bool:
    """Whether a wake could not know that a miss was told.

    Without an answer it counts what it drops as its own; a file that was lost says nothing; and of
    what waited behind another one it is open whether the wake that dropped it noted it. Nor does
    a cursor of two generations say which schedules both wakes had looked at.
    """
    ids = {key.id for key in nominal.keys}
    if ids & (world.unanswered | world.harm.described):
        return True
    if world.harm.dropped and ids & world.disturbed:
        return True  # a wake died between its file and the cursor, which was lost later
    if any(0 <= at - nominal.due < MIXED for at in world.mixed):
        return True
    behind = reports.waiting - reports.failed
    return not nominal.keys.isdisjoint(reports.unsure | behind)


def _told_misses(
    world: World, identities: Mapping[str, int]
) -> dict[int, dict[str, Mapping[str, Any]]]:
    """The alarms about misses, by schedule and id."""
    found: dict[int, dict[str, Mapping[str, Any]]] = defaultdict(dict)
    for alarm in world.alarms:
        if alarm.fields["kind"] == "missed" and alarm.fields["schedule"] in identities:
            found[identities[alarm.fields["schedule"]]][alarm.fields["id"]] = alarm.fields
    return found


def _twice(alarms: Mapping[str, Mapping[str, Any]]) -> str:
    """The alarms that name a time that another one names as well."""
    spans = sorted((_span(fields), notice) for notice, fields in alarms.items())
    found = [
        f"{one} {notice} ({first[0]}..{first[1]}, {second[0]}..{second[1]})"
        for (first, one), (second, notice) in pairwise(spans)
        if second[0] <= first[1]
    ]
    return "; ".join(found) or "in one alarm"


def _untold(
    scenario: Scenario,
    world: World,
    calendar: Calendar,
    told: Mapping[int, Mapping[str, Mapping[str, Any]]],
) -> Iterator[str]:
    if world.harm.dropped or world.foreseen or scenario.climate.skewed:
        return
    clean = CleanWakes.of(world)
    for log in world.written:
        for record in log.records:
            if record.state is not RunState.MISSED:
                continue
            for at in record.times:
                nominal = calendar.by_occurrence.get(Occurrence(record.name, at))
                if nominal is None or nominal.until < float("inf"):
                    continue
                seen = _second(log.started)
                if not clean.looked(seen, seen + PATIENCE):
                    continue
                alarms = told.get(nominal.identity, {}).values()
                if not any(_covers(fields, at) for fields in alarms):
                    yield f"{nominal} is reported missed, and no alarm says so"


def _covers(fields: Mapping[str, Any], at: int) -> bool:
    first, last = _span(fields)
    return first <= at <= last


def _span(fields: Mapping[str, Any]) -> tuple[int, int]:
    """The first and the last epoch minute that an alarm is about."""
    last = parse_minute(fields["time"])
    return last if fields["since"] is None else parse_minute(fields["since"]), last


def _second(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
