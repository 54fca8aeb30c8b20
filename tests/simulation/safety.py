"""Safety: no wrong start, and no untrue line in a runs file.

* An at-most-once occurrence never starts twice. An at-least-once one does so only when no confirmed
  start was on record, or the clocks of the two wakes differed, so that a lease seemed to be over.
* Nothing starts that is not an occurrence, before its time, past its deadline, or while it is
  suspended or excluded.
* No two runs of a schedule are going at once, except under ``overlap: allow``.
* A line that names a call names one of that occurrence, and the outcome that it had.

What is exempt, and by which section of ``docs/internals/guarantees.md``:

* a wake whose clock is ahead starts what is not due yet, also what is then removed, renamed,
  suspended or excluded, and may take a claim for dead (Clocks);
* what waited when its schedule changed is started by the policies that are live then (Overlap);
* a run is over when its supervisor has closed the queue behind it, though the supervisor's own call
  has not ended yet (Overlap, and item 1 of the queued ends in ``dependencies.md``);
* a trigger starts what is suspended or excluded, and may meet a wake that is about to start an
  earlier occurrence (Overlap); it may be cut short before it confirms (Starting);
* ``wake --at`` serves a minute as a wake in it would have, and does not wait for others (Overlap);
* a run that no readable claim names is not seen by the next (Starting, Damaged state), and one with
  an unreadable ``running/NAME`` only by the occurrence after it (Damaged state).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Final

from reconciler.model.occurrence import Occurrence
from reconciler.model.runs_file import RunState
from tests.simulation.faults import WAKE_SECONDS
from tests.simulation.nominal import Calendar, Nominal
from tests.simulation.reports import Reports
from tests.simulation.starts import Starts
from tests.simulation.tasks import without_edition
from tests.simulation.wakes import LONGEST_STALENESS
from tests.simulation.world import RESULT_LIFE, Call, World

FORGOTTEN: Final = RESULT_LIFE - 86400.0
"""Seconds after its end from which a wake may find no result, by a clock that errs by a day."""


def wrong_starts(
    world: World, calendar: Calendar, starts: Starts, reports: Reports
) -> Iterator[str]:
    """The starts that break a promise."""
    for call in starts.of_none:
        # A clock that was ahead has found it; by the time it was due, its schedule was gone.
        due = Occurrence.parse(call.occurrence).at * 60.0
        if not world.was_foreseen(due) and not (_is_asked_alone(world, call) and call.began < due):
            yield f"{call.occurrence} started and is no occurrence"
    if any(asleep(world, call) for calls in world.starts.values() for call in calls):
        yield "a wake started something while nothing was live"
    for calls in starts.asked.values():
        yield from _asked_twice(world, calls)
    for nominal in calendar:
        if starts.of_time(nominal):
            yield from _wrong(world, nominal, starts)
            yield from _late(world, nominal, starts, reports)


def asleep(world: World, call: Call) -> bool:
    """Whether a call was started while the Volume held nothing that is live."""
    began = world.harm.emptied + LONGEST_STALENESS + WAKE_SECONDS
    return began < call.began < world.harm.repaired


def _asked_twice(world: World, calls: Sequence[Call]) -> Iterator[str]:
    by_occurrence = Counter(call.occurrence for call in calls)
    for key, count in by_occurrence.items():
        if count > 1 and key not in world.disturbed:
            yield f"{key} was asked for, and started {count} times"


def _wrong(world: World, nominal: Nominal, starts: Starts) -> Iterator[str]:
    calls = starts.of_time(nominal)
    asked = any(key.id in world.triggered for key in nominal.keys)
    # ``wake --at`` may have started it before it was suspended or excluded.
    asked |= any(_is_asked_alone(world, call) and call.began < nominal.due for call in calls)
    if nominal.exclusion and not asked and not any(call.skew > 0 for call in calls):
        yield f"{nominal} started though it was suspended or excluded"
    foreseen = len({call.occurrence for call in calls}) > 1 and any(call.skew > 0 for call in calls)
    if len(calls) > 1 and not foreseen:  # a clock that was ahead used a name that was to change
        if nominal.at_most_once:
            yield f"{nominal} is at-most-once and started {len(calls)} times"
        if any(call.repeats_confirmed for call in calls) and not _clocks_differ(calls):
            yield f"{nominal} started again though its start was confirmed"
        if len({call.occurrence for call in calls}) > 1:
            yield f"{nominal} are one occurrence, and both started"
    for call in calls:
        if call.began + max(0.0, call.skew) < nominal.due and not call.by_hand:
            yield f"{nominal} started before its time"


def _clocks_differ(calls: Sequence[Call]) -> bool:
    """Whether the wakes that started these had different clocks: then a lease may seem to be over
    while its wake confirms the start."""
    return len({call.skew for call in calls}) > 1


def _is_asked_alone(world: World, call: Call) -> bool:
    """Whether ``wake --at`` started it: as a wake in that minute would have, and alone."""
    return call.by_hand and call.occurrence not in world.triggered


def _is_unregistered(world: World, first: Call, second: Call) -> bool:
    """Whether the entry of the first run became unreadable before the second began."""
    name = Occurrence.parse(first.occurrence).name
    return any(first.began <= at <= second.began for at in world.harm.running.get(name, ()))


def _late(world: World, nominal: Nominal, starts: Starts, reports: Reports) -> Iterator[str]:
    waited = not reports.waiting.isdisjoint(nominal.keys)
    for call in starts.of_time(nominal):
        if waited and call.began > nominal.until:
            continue  # the policies that are live then decide about it
        if _too_late(nominal, call) and not _is_asked_alone(world, call):
            yield f"{nominal} started {call.began - nominal.due:.0f} s late, past its deadline"


def _too_late(nominal: Nominal, call: Call) -> bool:
    """Whether a call was started past the deadline, by the clock of the wake that did so."""
    if len(nominal.deadlines) < len(nominal.lives):
        return False
    # A wake decides when it begins.
    limit = nominal.due + max(nominal.deadlines) + WAKE_SECONDS + 60
    return call.began + min(0.0, call.skew) > limit


def wrong_overlaps(world: World, starts: Starts) -> Iterator[str]:
    """Runs that were going at once and should not have been."""
    for started in starts.by_schedule.values():
        for (first, before), (second, nominal) in pairwise(started):
            if first.ends <= second.began or not (before.apart and nominal.apart):
                continue  # runs that began while anything was allowed are not kept track of
            if before is nominal:
                continue  # a second start of one occurrence is checked above
            if second.began > nominal.until:
                continue  # what waited when its schedule changed is decided by what is live then
            if world.is_over(first, second.began):
                continue  # its supervisor closed the queue behind it, and died before its own end
            if _clocks_differ((first, second)) or (first.began < before.due and first.skew > 0):
                continue  # to one of the wakes, the other's claim was over, or the times were past
            if first.by_hand and nominal.at < before.at:
                continue  # a trigger met the wake that was about to start an earlier occurrence
            if first.id not in world.confirmed or first.occurrence in world.harm.claims:
                continue  # no claim that can be read names it: it was in doubt
            if _is_unregistered(world, first, second):
                continue  # then the claim of the occurrence before is all that is asked
            if _is_asked_alone(world, first) or _is_asked_alone(world, second):
                continue  # ``wake --at`` does not wait for others that are due
            yield f"{nominal} started while {before} was running"


def untrue_lines(world: World, reports: Reports) -> Iterator[str]:
    """Lines about calls that are not so."""
    for record in reports.calls:
        key = record.occurrence.id
        call = world.calls.get(record.call or "")
        if call is None or call.occurrence != without_edition(key):
            yield f"{key} is said to have call {record.call}, which is none of its calls"
        elif record.state.ended:
            if record.state is RunState.EXPIRED:
                if datetime.fromisoformat(record.at).timestamp() < call.ends + FORGOTTEN:
                    yield f"{key} is said to have expired by {record.at}, and Modal knows its end"
            elif record.state.value != call.state.value:
                yield f"{key} is said to have {record.state.value}, and has {call.state.value}"
            elif call.ends > world.over:
                yield f"{key} is said to have ended by {record.at}, and went on"
        elif record.state is not RunState.STARTED:
            yield f"{key} is {record.state.value} and has a call"
