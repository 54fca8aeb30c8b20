"""What a change of a schedule means in time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final

from reconciler.dispatch.decide.nominal_times import nominal_times, running_times
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.pack import wakes_per_month
from reconciler.plan.change import Action, Change, Kind
from reconciler.plan.changeover import UNTOUCHED, Changeover, changeover
from reconciler.plan.clock_change import ClockChange, next_clock_change
from reconciler.plan.clocks import not_run
from reconciler.plan.compilation import is_ahead
from reconciler.plan.excluded import NOTHING_EXCLUDED, Excluded, newly_excluded

UPCOMING: Final = 5
"""Occurrences shown before and after a change."""
EFFECTS: Final = 50
"""Changed schedules of which the occurrences are shown."""


@dataclass(frozen=True, slots=True)
class TimeEffect:
    """The occurrences of one changed schedule; epoch minutes.

    Attributes:
        before, after: the next ones as it was and as it will be, from now.
        given_up: due before now, not served by any wake yet, and given up by this change.
        change: what it skips and doubles in the period in which it is made.
        clock: what the next change of the clock in its zone moves.
        monthly: runs in a month on the average, as it was and as it will be; 0 while suspended.
        excluded: what its dates in `exclude` take out of the next year, where they are new.
    """

    name: str
    before: tuple[int, ...]
    after: tuple[int, ...]
    given_up: tuple[int, ...] = ()
    change: Changeover = UNTOUCHED
    clock: ClockChange | None = None
    monthly: tuple[int, int] = (0, 0)
    excluded: Excluded = NOTHING_EXCLUDED

    @property
    def skipped(self) -> tuple[int, ...]:
        """All that would have run and will not, with nothing in its place; ascending."""
        return (*self.given_up, *self.change.skipped)

    @property
    def moves(self) -> bool:
        """Whether it runs at other times than before."""
        return self.before != self.after or bool(self.given_up)


def time_effects(
    changes: Iterable[Change], now: int, through: int | None, began: Mapping[str, int]
) -> tuple[TimeEffect, ...]:
    """The effects of the first changed schedules; those of new ones come last.

    Args:
        now: epoch minute.
        through: the minute up to which wakes have served what was due, None when unknown.
        began: of schedules whose anchor is ahead, the minute at which they really began.
    """
    schedules = [change for change in changes if change.kind is Kind.SCHEDULE]
    schedules.sort(key=lambda change: change.action is Action.CREATE)
    return tuple(_effect(change, now, through, began) for change in islice(schedules, EFFECTS))


def upcoming(record: ScheduleRecord, after: int, count: int) -> tuple[int, ...]:
    """The next occurrences of a record later than an epoch minute, none while suspended."""
    return tuple(islice(running_times(record, after), count))


def _effect(change: Change, now: int, through: int | None, began: Mapping[str, int]) -> TimeEffect:
    old = None if change.before is None else ScheduleRecord.from_json(change.before)
    new = None if change.after is None else ScheduleRecord.from_json(change.after)
    given_up: tuple[int, ...] = ()
    if old is not None and is_ahead(old, now):
        given_up = not_run(old, began.get(old.name), now)
    elif old is not None and through is not None and not old.is_suspended(now):
        begins_anew = new is None or new.anchor > old.anchor
        given_up = tuple(nominal_times(old, through, now)) if begins_anew else ()
    return TimeEffect(
        change.name,
        before=() if old is None else upcoming(old, now, UPCOMING),
        after=() if new is None else upcoming(new, now, UPCOMING),
        given_up=given_up,
        change=UNTOUCHED if old is None or new is None else changeover(old, new, now, through),
        clock=None if new is None else next_clock_change(new, now),
        monthly=(_monthly(old, now), _monthly(new, now)),
        excluded=newly_excluded(old, new, now),
    )


def _monthly(record: ScheduleRecord | None, now: int) -> int:
    timetable = None if record is None else record.timetable()
    if record is None or timetable is None or record.is_suspended(now):
        return 0
    return round(wakes_per_month([timetable], now))
