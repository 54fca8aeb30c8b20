"""What is promised of alarms: each recipient gets each fact once.

* Safety: an alarm is sent once. It is sent again only after a fault kept the wake that sent it from
  storing the note of it, after that note was damaged, or by a wake at once whose clock differs.
* Safety: the alarms about a schedule count no more misses than were reported. What an alarm had
  counted may be counted again when the cursor is lost and no runs file on the Volume lists it: the
  Volume was emptied, the file became unreadable, or its commit was lost. So may what a wake undid
  in the cursor, which paused while it wrote it or had read it before it was lost.
* Liveness: a miss that a runs file reports is in an alarm, once an undisturbed wake comes within a
  day. What the wake that wrote it did not get into the cursor is decided anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from itertools import pairwise
from typing import Any, Final

from reconciler.model.occurrence import Occurrence, parse_minute
from reconciler.model.outbox import NotificationKind
from reconciler.model.runs_file import RunState, WakeLog
from reconciler.model.task import is_task
from tests.simulation.nominal import Calendar, CleanWakes, Nominal
from tests.simulation.reports import Reports
from tests.simulation.scenario import Scenario
from tests.simulation.world import ENTRY_LIFE, Alarm, World

PATIENCE: Final = 23 * 3600.0
"""Seconds within which a wake has to come, for an alarm to be sent."""


def wrong_alarms(
    scenario: Scenario, world: World, calendar: Calendar, reports: Reports
) -> Iterator[str]:
    """Facts of which a recipient was notified twice, or never."""
    if scenario.history is None or scenario.history.alerts is None:
        return
    yield from _sent_again(world)
    identities = {
        life.record.name: identity for identity, lives in scenario.lives.items() for life in lives
    }
    missed: dict[int, set[int]] = defaultdict(set)
    for occurrence in reports.missed:
        if occurrence.name in identities:
            missed[identities[occurrence.name]].add(occurrence.at)
    # The alarm about what such a file reports was sent before its commit was lost.
    for record in (record for log in world.lost for record in log.records):
        if record.state is RunState.MISSED and record.name in identities:
            missed[identities[record.name]].update(record.times)
    alarmed = _alarmed_misses(world, identities)
    for identity, alarms in alarmed.items():
        count = sum(int(fields["count"]) for fields in alarms.values())
        known = len(missed[identity])
        names = {life.record.name for life in scenario.lives[identity]}
        if count > known + _forgotten(world, names):
            yield f"alarms count {count} misses, of {known} reported, twice: {_twice(alarms)}"
    yield from _not_alarmed(world, calendar, reports, alarmed)


def _forgotten(world: World, names: Collection[str]) -> int:
    """The misses of a schedule of which every record was lost that an alarm had counted them."""
    counted = (fact.partition("/") for fact in world.harm.forgotten)
    misses = (Occurrence.parse(id_) for _, is_miss, id_ in counted if is_miss)
    return sum(miss.name in names for miss in misses)


def _sent_again(world: World) -> Iterator[str]:
    by_notice: dict[str, list[Alarm]] = defaultdict(list)
    for alarm in world.alarms:
        by_notice[alarm.id].append(alarm)
    for notice, sendings in by_notice.items():
        for first, second in pairwise(sendings):
            clocks_differ = first.sender.skew != second.sender.skew
            if clocks_differ and second.sender.began < first.at:
                continue  # to the one, the lease of the other was over while it was sending
            if _is_another_fact(world, first, second):
                continue
            if second.noted_before:
                yield f"the alarm {notice} was sent again, and its entry said that it was sent"
            elif first.sender.troubled < first.at and notice not in world.harm.notices:
                yield f"the alarm {notice} was sent again, and no fault had hit the first wake"


def _is_another_fact(world: World, first: Alarm, second: Alarm) -> bool:
    """Whether alarms of one id are about two facts, when the claim of the first has died.

    What is stored in one place may be damaged anew, and a task be created anew whose file was lost.
    """
    if second.at - first.at <= ENTRY_LIFE:
        return False
    kind, _, subject = first.id.partition("/")
    if kind == NotificationKind.DAMAGED:
        return True
    return is_task(subject) and any(call.began > first.at for call in world.starts.get(subject, ()))


def _alarmed_misses(
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


def _not_alarmed(
    world: World,
    calendar: Calendar,
    reports: Reports,
    alarmed: Mapping[int, Mapping[str, Mapping[str, Any]]],
) -> Iterator[str]:
    clean = CleanWakes.of(world)
    for log in world.written:
        for record in log.records:
            if record.state is not RunState.MISSED:
                continue
            for at in record.times:
                nominal = calendar.by_occurrence.get(Occurrence(record.name, at))
                seen = _second(log.started)
                looked = clean.first_end(seen)
                # An alarm is for those whom the live generation names.
                if nominal is None or nominal.until <= looked or looked > seen + PATIENCE:
                    continue
                if _is_decided_anew(world, log, nominal, reports):
                    continue
                alarms = alarmed.get(nominal.identity, {}).values()
                if not any(_covers(fields, at) for fields in alarms):
                    yield f"{nominal} is reported missed, and no alarm says so"


def _is_decided_anew(world: World, log: WakeLog, nominal: Nominal, reports: Reports) -> bool:
    """Whether the wake that wrote a file did not reach the cursor, and a later one found that the
    occurrence had started after all, or is suspended or excluded by then.
    """
    if f"{log.execution}.{log.part}" in world.cursors:
        return False
    skipped = nominal.may_be_barred and not reports.skipped.keys().isdisjoint(nominal.keys)
    return skipped or not reports.started.isdisjoint(nominal.keys)


def _covers(fields: Mapping[str, Any], at: int) -> bool:
    first, last = _span(fields)
    return first <= at <= last


def _span(fields: Mapping[str, Any]) -> tuple[int, int]:
    """The first and the last epoch minute that an alarm is about."""
    last = parse_minute(fields["time"])
    return last if fields["since"] is None else parse_minute(fields["since"]), last


def _second(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
