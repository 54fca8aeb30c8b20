"""What a wrong clock has left behind: anchors and a cursor that are ahead of now. Pure.

A schedule does not run before its anchor. So one whose anchor is ahead is silent until the next
apply, which lets it begin anew and names what was not run meanwhile. A cursor that is ahead
silences nothing: the next wake looks again at what lies before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from reconciler.cron import instant
from reconciler.dispatch.decide.nominal_times import exclusion, nominal_times
from reconciler.durations import format_duration
from reconciler.manifest import Location
from reconciler.model.cursor import CLOCK_TOLERANCE
from reconciler.model.occurrence import format_minute
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.plan.change import Action, Change, Kind
from reconciler.plan.compilation import is_ahead
from reconciler.plan.notification_rules import masked
from reconciler.plan.state import Actual
from reconciler.words import count

NAMED: Final = 5
"""Occurrences, or schedules, that one line names; the rest is counted."""


def not_run(record: ScheduleRecord, began: int | None, now: int) -> tuple[int, ...]:
    """The occurrences that an anchor ahead of now has kept from running; epoch minutes, ascending.

    Args:
        began: when the schedule really began, None when that is not known.
    """
    if began is None:
        return ()
    times = nominal_times(replace(record, anchor=began), began, now)
    return tuple(at for at in times if exclusion(record, at) is None)


def anchor_repairs(
    actual: Actual,
    planned: Mapping[str, ScheduleRecord],
    changed: set[str],
    locations: Mapping[str, Location],
    now: int,
) -> Iterator[Change]:
    """Yield each live schedule that begins anew because its anchor is ahead of now.

    Args:
        planned: what would be live, by name.
        changed: the schedules that git changes; those begin anew anyway.
        locations: where each desired schedule is declared.
    """
    for record in () if actual.live is None else actual.live.records:
        if record.name in changed or record.name not in planned or not is_ahead(record, now):
            continue
        location = locations.get(record.name)
        yield Change(
            action=Action.REPAIR,
            kind=Kind.SCHEDULE,
            name=record.name,
            reason=_reason(record, actual.began.get(record.name), now),
            file=None if location is None else location.file,
            line=None if location is None else location.line,
            before=masked(record).to_json(),
            after=masked(planned[record.name]).to_json(),
        )


def clock_warnings(actual: Actual, now: int) -> Iterator[str]:
    """Yield what is ahead of now, so that a clock is wrong: another one, or this machine's."""
    clock = f"this machine's clock, which says {format_minute(now)}"
    live = () if actual.live is None else actual.live.records
    ahead = [record for record in live if is_ahead(record, now)]
    if ahead:
        names = ", ".join(record.name for record in ahead[:NAMED])
        more = f" and {len(ahead) - NAMED:,} more" if len(ahead) > NAMED else ""
        last = max(record.anchor for record in ahead)
        yield (
            f"{names}{more}: the anchor is up to {_ahead(last, now)} ahead of {clock}. Either the "
            "machine that applied had a wrong clock, or this one has. A schedule does not run "
            "before its anchor; the next apply sets it to now"
        )
    if actual.through is not None and actual.through > now + CLOCK_TOLERANCE:
        yield (
            f"the cursor {format_minute(actual.through)} is {_ahead(actual.through, now)} ahead of "
            f"{clock}. Either a wake had a wrong clock, or this machine has. The next wake looks "
            "again at the last 24 hours, and starts or reports what was not run"
        )


def _reason(record: ScheduleRecord, began: int | None, now: int) -> str:
    anchor = f"its anchor {format_minute(record.anchor)} is {_ahead(record.anchor, now)} ahead"
    if began is None:
        return f"{anchor}: begins now; since when it has not run is not known"
    missed = not_run(record, began, now)
    times = ", ".join(map(format_minute, missed[:NAMED]))
    more = f", … {format_minute(missed[-1])}" if len(missed) > NAMED else ""
    lost = (
        f"{count(len(missed), 'occurrence')} not run: {times}{more}" if missed else "none was due"
    )
    return f"{anchor}: begins now; since {format_minute(began)} {lost}"


def _ahead(at: int, now: int) -> str:
    return format_duration(instant(at) - instant(now))
