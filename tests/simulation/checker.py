"""Match every nominal time with what became of it; whatever breaks a promise is named.

The promises, as ``docs/guarantees.md`` has them:

* at-most-once never starts twice; at-least-once does so only when no confirmed start was on record
  (or the clocks of two wakes disagreed, so that a lease seemed to be over);
* what is nominal has started or is reported, by name, once a wake has looked in its time;
* what is reported as missed was really missed: no undisturbed wake came in the time that its
  policies give it;
* nothing else starts, and nothing before its time;
* but under ``overlap: allow``, no two runs of a schedule are going at once; what is skipped for
  that was due while another run was going.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise, zip_longest

from reconciler.cron import instant
from reconciler.dispatch.occurrence import Occurrence
from reconciler.dispatch.policy import CATCHUP_LIMIT
from reconciler.dispatch.runs import RunState
from reconciler.policies import Delivery, Overlap
from tests.simulation.scenario import LONGEST_STALENESS, PUNCTUALITY, Life, Scenario
from tests.simulation.world import Start, World

SLACK = int(LONGEST_STALENESS // 60) + 6
"""Minutes for which a wake may still act on a generation that is no longer live."""


@dataclass(frozen=True, slots=True)
class _Nominal:
    life: Life
    following: int | None


@dataclass
class _Reports:
    """What the runs files say, by occurrence id."""

    missed: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    skipped: dict[str, str] = field(default_factory=dict)
    queued: set[str] = field(default_factory=set)
    started: set[str] = field(default_factory=set)


def problems(scenario: Scenario, world: World) -> Iterator[str]:
    """Everything that is wrong, in the order of time."""
    end = int(world.now // 60)
    nominal = _nominal(scenario, end)
    reports = _reports(world, nominal)
    clean = sorted((e.began, e.ended) for e in world.executions if e.clean)
    yield from _wrong_starts(world, nominal)
    yield from _overlaps(world, nominal)
    for occurrence, what in sorted(nominal.items(), key=lambda item: item[0].at):
        if what.life.record.suspended is None:
            yield from _fate(occurrence, what, reports, clean, world)


def _nominal(scenario: Scenario, end: int) -> dict[Occurrence, _Nominal]:
    found: dict[Occurrence, _Nominal] = {}
    for life in sorted(scenario.lives, key=lambda life: life.record.suspended is not None):
        until = end if life.end is None else min(end, life.end + SLACK)
        times = list(life.nominal(until))
        for at, following in zip_longest(times, times[1:]):
            # Just after a change, either of the two may be what a wake has read.
            found.setdefault(Occurrence(life.record.name, at), _Nominal(life, following))
    return found


def _reports(world: World, nominal: dict[Occurrence, _Nominal]) -> _Reports:
    times = defaultdict(list)
    for occurrence in sorted(nominal):
        times[occurrence.name].append(occurrence.at)
    found = _Reports()
    for log in world.logs:
        for record in log.records:
            listed = list(record.times)
            if record.count > len(listed):
                known = times[record.name]
                first, last = bisect_left(known, listed[0]), bisect_left(known, listed[-1])
                listed = known[first : last + 1]
            for at in listed:
                key = Occurrence(record.name, at).id
                if record.state is RunState.MISSED:
                    found.missed[key].add(record.reason or "")
                elif record.state is RunState.SKIPPED:
                    found.skipped[key] = record.reason or ""
                elif record.state is RunState.QUEUED:
                    found.queued.add(key)
                elif record.state is not RunState.START_FAILED:
                    found.started.add(key)
    return found


def _wrong_starts(world: World, nominal: dict[Occurrence, _Nominal]) -> Iterator[str]:
    for key, starts in world.by_occurrence.items():
        occurrence = Occurrence.parse(key)
        what = nominal.get(occurrence)
        early = any(start.skew > 0 for start in starts)
        if what is None:
            if not early:  # else its schedule was gone by the time that it was due
                yield f"{key} started and is no occurrence"
            continue
        if what.life.record.suspended is not None and not early:
            yield f"{key} started though its schedule was suspended"
        if len(starts) > 1 and what.life.record.delivery is Delivery.AT_MOST_ONCE:
            yield f"{key} is at-most-once and started {len(starts)} times"
        if any(s.repeats_confirmed for s in starts) and not any(s.skew for s in starts):
            yield f"{key} started again though its start was confirmed"
        for start in starts:
            if start.at + max(0.0, start.skew) < instant(occurrence.at).timestamp():
                yield f"{key} started before its time"


def _overlaps(world: World, nominal: dict[Occurrence, _Nominal]) -> Iterator[str]:
    by_name: dict[str, list[Start]] = defaultdict(list)
    for start in world.starts:
        by_name[start.occurrence.partition("@")[0]].append(start)
    for starts in by_name.values():
        for first, second in pairwise(starts):
            what = nominal.get(Occurrence.parse(second.occurrence))
            before = nominal.get(Occurrence.parse(first.occurrence))
            if what is None or what.life.record.overlap is Overlap.ALLOW:
                continue
            if before is None or before.life.record.overlap is Overlap.ALLOW:
                continue  # runs that were started while anything was allowed are not kept track of
            end = what.life.end
            if end is not None and second.at > instant(end).timestamp():
                continue  # another policy holds by then
            disturbed = world.disturbed & {first.occurrence, second.occurrence}
            by_hand = first.by_hand or second.by_hand or first.skew or second.skew
            if world.ends[first.call] > second.at and not disturbed and not by_hand:
                yield f"{second.occurrence} started while {first.occurrence} was running"


def _fate(
    occurrence: Occurrence,
    what: _Nominal,
    reports: _Reports,
    clean: list[tuple[float, float]],
    world: World,
) -> Iterator[str]:
    key = occurrence.id
    due = instant(occurrence.at).timestamp()
    end = float("inf") if what.life.end is None else instant(what.life.end).timestamp()
    looked = _looked(clean, due, end)
    started = key in world.by_occurrence
    let_go = key in reports.missed or key in reports.skipped
    # A start that was never confirmed may be let go when it would be attempted again.
    reported = key in reports.started or (let_go and key in world.disturbed)
    if started and not reported and looked:
        yield f"{key} started and no runs file says so"
    if started or not looked:
        return
    foreseen = any(begin - 60 <= due <= until for begin, until in world.foreseen)
    if key in reports.skipped:
        if foreseen or "is still running" in reports.skipped[key]:
            return
        yield f"{key} was skipped, and its schedule was not suspended"
    elif key not in reports.missed:
        if key in reports.queued and due > world.now - 2 * 86400:
            return
        yield f"{key} neither started nor is it reported"
    elif key in reports.queued:
        return  # its schedule may go, or its time pass, while it waits
    elif not any(_excused(occurrence, what, r, clean, world) for r in reports.missed[key]):
        reasons = ", ".join(sorted(reports.missed[key]))
        yield f"{key} is reported missed ({reasons}), and a wake came in time"


def _excused(
    occurrence: Occurrence,
    what: _Nominal,
    reason: str,
    clean: list[tuple[float, float]],
    world: World,
) -> bool:
    """Whether missing it was right, from what the policies promise and what went wrong."""
    due = instant(occurrence.at).timestamp()
    if occurrence.id in world.disturbed:
        return True
    if any(begin - 60 <= due <= until for begin, until in world.foreseen):
        return True
    record = what.life.record
    if "waited for an earlier run" in reason:
        return record.overlap is Overlap.QUEUE
    if "deleted meanwhile" in reason:  # while one before it was in doubt
        return what.life.end is not None and record.overlap is not Overlap.ALLOW
    limits = []
    if "deadline" in reason and record.deadline is not None:
        limits.append(due + record.deadline)
    elif "catchup is latest" in reason and what.following is not None:
        limits.append(instant(what.following).timestamp())
    elif "catchup is none" in reason:
        limits.append(due + PUNCTUALITY)
    elif "occurrences to catch up with" in reason:
        limits.append(due + CATCHUP_LIMIT * 15 * 60)
    elif "too old to know" in reason:
        limits.append(due + 6 * 86400)
    return bool(limits) and not _looked(clean, due, min(limits))


def _looked(clean: list[tuple[float, float]], after: float, before: float) -> bool:
    """Whether an undisturbed wake began and ended in this span of true time."""
    first = bisect_left(clean, (after, 0.0))
    return any(ended < before for _began, ended in clean[first : first + 3])
