"""Which of the times that a demand asks for a slot wakes for.

Answers are bit sets of the minutes of a week, bit 0 being 00:00 UTC on Sunday, since one slot may
wake on some weekdays and another on the others. What depends on dates may fall on any weekday: it
asks for all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from reconciler.cron.clock import MINUTES_PER_DAY
from reconciler.cron.days import EVERY_WEEKDAY
from reconciler.pack import shape
from reconciler.pack.demand import Demand
from reconciler.pack.lateness import served_times


def asked(demand: Demand) -> int:
    """Return all of a demand's times."""
    return demand.times * _on(_weekdays(demand))


def served(demand: Demand, cover: int) -> int:
    """Return those of a demand's times that a slot with that cover wakes for, soon enough."""
    days, times = shape.days(cover), shape.times(cover)
    always = shape.always(cover)
    on_all_days = shape.days(demand.outline) | days == days
    today = _weekdays(demand) if on_all_days else _weekdays(demand) & always
    if not demand.tolerance:
        return (demand.times & times) * _on(today)
    return asked(demand) & _within(demand.tolerance, times, today, always)


def _weekdays(demand: Demand) -> int:
    weekdays = shape.weekdays(demand.outline)
    return EVERY_WEEKDAY if weekdays is None else weekdays


def _within(tolerance: int, times: int, today: int, tomorrow: int) -> int:
    """Return the minutes that one of those times follows, the same day or after midnight.

    Args:
        today: the weekdays on which the times are those of that day.
        tomorrow: the weekdays which, as the following day, have the times.
    """
    found = 0
    for day in range(7):
        wakes = times if today >> day & 1 else 0
        if tomorrow >> (day + 1) % 7 & 1:
            wakes |= times << MINUTES_PER_DAY
        found |= served_times(wakes, tolerance, wraps=False) << day * MINUTES_PER_DAY
    return found


@lru_cache(maxsize=128)
def _on(weekdays: int) -> int:
    """Return what a day's minutes are multiplied by to be those of several days of a week."""
    return sum(1 << day * MINUTES_PER_DAY for day in range(7) if weekdays >> day & 1)


def others(missing: int, served: Sequence[int]) -> Iterator[int]:
    """Yield the slots that wake for what a demand's own slot does not, the most useful first."""
    while missing:
        slot = max(range(len(served)), key=lambda n: ((served[n] & missing).bit_count(), -n))
        assert served[slot] & missing, "a time that nobody wakes for"
        yield slot
        missing &= ~served[slot]
