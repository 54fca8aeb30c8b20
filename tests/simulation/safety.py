"""Safety: nothing bad is ever started, and nothing untrue is written down.

* at-most-once never starts twice; at-least-once does so only when no confirmed start was on record
  (or the clocks of two wakes disagreed, so that a lease seemed to be over);
* nothing starts that is no occurrence, before its time, past its deadline, or while somebody had
  said that it should not;
* but under ``overlap: allow``, no two runs of a schedule are going at once;
* a line that names a call names one of that occurrence, and an end that it had come to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from reconciler.model.occurrence import Occurrence
from reconciler.model.runs import RunState
from tests.simulation.faults import WAKE_SECONDS
from tests.simulation.nominal import Calendar, Nominal
from tests.simulation.reports import Reports
from tests.simulation.starts import Starts
from tests.simulation.tasks import without_edition
from tests.simulation.wakes import LONGEST_STALENESS
from tests.simulation.world import Call, World


def wrong_starts(
    world: World, calendar: Calendar, starts: Starts, reports: Reports
) -> Iterator[str]:
    """What was started and should not have been."""
    for call in starts.of_none:
        # A clock that was ahead has found it; by the time it was due, its schedule was gone.
        due = Occurrence.parse(call.occurrence).at * 60.0
        if call.by_hand and call.began < due:
            continue  # so does a person who asks for what is to come
        if not world.was_foreseen(due):
            yield f"{call.occurrence} started and is no occurrence"
    if any(asleep(world, call) for calls in world.starts.values() for call in calls):
        yield "a wake started something while nothing was live"
    for calls in starts.asked.values():
        yield from _asked_twice(world, calls)
    for nominal in calendar:
        if starts.of_time(nominal):
            yield from _wrong(world, nominal, starts)
            # What said that it was let go may be gone: then what is live now decides anew.
            if reports.unsure.isdisjoint(nominal.keys):
                yield from _late(nominal, starts)


def asleep(world: World, call: Call) -> bool:
    """Whether a call was started while the Volume held nothing that is live."""
    began = world.harm.emptied + LONGEST_STALENESS + WAKE_SECONDS
    return began < call.began < world.harm.repaired


def _asked_twice(world: World, calls: Sequence[Call]) -> Iterator[str]:
    by_occurrence = Counter(call.occurrence for call in calls)
    for key, count in by_occurrence.items():
        if count > 1 + world.harm.claims[key] and key not in world.disturbed:
            yield f"{key} was asked for, and started {count} times"


def _wrong(world: World, nominal: Nominal, starts: Starts) -> Iterator[str]:
    calls = starts.of_time(nominal)
    asked = any(key.id in world.triggered for key in nominal.keys)
    asked |= any(call.by_hand and call.began < nominal.due for call in calls)
    if nominal.barred and not asked and not any(call.skew > 0 for call in calls):
        yield f"{nominal} started though it was suspended or excluded"
    foreseen = len({call.occurrence for call in calls}) > 1 and any(call.skew > 0 for call in calls)
    if len(calls) > 1 and not foreseen:  # a clock that was ahead used a name that was to change
        if nominal.at_most_once:
            yield f"{nominal} is at-most-once and started {len(calls)} times"
        harmed = sum(world.harm.claims[key.id] for key in nominal.keys)
        clocks = any(call.skew for call in calls)
        if len(calls) > 1 + harmed and any(call.repeats_confirmed for call in calls) and not clocks:
            yield f"{nominal} started again though its start was confirmed"
        if len({call.occurrence for call in calls}) > 1:
            yield f"{nominal} are one occurrence, and both started"
    for call in calls:
        if call.began + max(0.0, call.skew) < nominal.due and not call.by_hand:
            yield f"{nominal} started before its time"


def _late(nominal: Nominal, starts: Starts) -> Iterator[str]:
    for call in starts.of_time(nominal):
        if _too_late(nominal, call):
            yield f"{nominal} started {call.began - nominal.due:.0f} s late, past its deadline"


def _too_late(nominal: Nominal, call: Call) -> bool:
    """Whether a call was started past the deadline, by the clock of the wake that did so."""
    if call.by_hand or len(nominal.deadlines) < len(nominal.lives) or call.began > nominal.until:
        return False  # what had waited is started by what is live then
    # A wake decides when it begins.
    limit = nominal.due + max(nominal.deadlines) + WAKE_SECONDS + 60
    return call.began + min(0.0, call.skew) > limit


def wrong_overlaps(world: World, starts: Starts) -> Iterator[str]:
    """Runs that were going at once and should not have been."""
    for started in starts.by_schedule.values():
        for (first, before), (second, nominal) in pairwise(started):
            if first.ends <= second.began or not (before.apart and nominal.apart):
                continue  # runs that began while anything was allowed are not kept track of
            if second.began > nominal.until:
                continue  # what had waited is started by what is live then
            keys = {first.occurrence, second.occurrence}
            if keys & (world.harm.claims.keys() | world.harm.unregistered):
                continue
            if world.disturbed.isdisjoint(keys) and not (
                first.by_hand or second.by_hand or first.skew or second.skew
            ):
                yield f"{nominal} started while {before} was running"


def untrue_lines(world: World, reports: Reports) -> Iterator[str]:
    """Lines about calls that are not so."""
    for record in reports.calls:
        key = record.occurrence.id
        call = world.calls.get(record.call or "")
        if call is None or call.occurrence != without_edition(key):
            yield f"{key} is said to have call {record.call}, which is none of its calls"
        elif record.state.ended:
            if record.state.value != call.state.value:
                yield f"{key} is said to have {record.state.value}, and has {call.state.value}"
            elif call.ends > world.over:
                yield f"{key} is said to have ended by {record.at}, and went on"
        elif record.state is not RunState.STARTED:
            yield f"{key} is {record.state.value} and has a call"
