"""Schedules that may run late: the later wakes that they can share with others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from reconciler.cron.clock import MINUTES_PER_DAY
from reconciler.cron.expression import times_of_day
from reconciler.cron.text import members
from reconciler.pack.demand import Demand
from reconciler.pack.shape import MINUTES, at_times, cost, days, every_day, union

HOSTS: Final = 50
"""Schedules, the most frequent ones, that are tried as the only one whose wakes another shares."""
_EVERY_HOUR: Final = (1 << 24) - 1


def cover_of(demands: Sequence[Demand]) -> int:
    """Return the cheapest shape found that wakes for all the demands within their tolerance."""
    return min(map(union, wake_shapes(demands)), key=cost)


def wake_shapes(demands: Sequence[Demand]) -> Iterator[list[int]]:
    """Yield the shapes of wakes that serve the demands, one shape each, in up to three ways.

    At their nominal times; with times for which a wake comes soon enough moved to that wake; with
    the other times moved to minutes at which something wakes in another hour.
    """
    yield [demand.shape for demand in demands]
    if any(demand.tolerance for demand in demands):
        yield _moved(demands, gather=False)
        yield _moved(demands, gather=True)


def _moved(demands: Sequence[Demand], *, gather: bool) -> list[int]:
    shapes = [demand.shape for demand in demands]
    wakes = _Wakes()
    for demand in sorted(demands, key=lambda demand: (-cost(demand.shape), demand.shape)):
        if not demand.tolerance:
            wakes.add(demand.shape, demand.times)
    # The latest first: an earlier one can wait for it, not the other way round.
    late = (n for n, demand in enumerate(demands) if demand.tolerance)
    for n in sorted(late, key=lambda n: (-demands[n].times, shapes[n], demands[n].names)):
        demand = demands[n]
        times, left = _next(demand, demand.times, wakes.for_(demand))
        if gather and left:
            gathered, left = _next(demand, left, times_of_day(wakes.minutes, _EVERY_HOUR))
            times |= gathered
        times |= left
        if times != demand.times:
            shapes[n] = at_times(days(demand.shape), times)
        if gather:
            wakes.add(shapes[n], times)
    return shapes


class _Wakes:
    """The times of day at which something wakes, by the days on which it does."""

    def __init__(self) -> None:
        self.minutes = 0
        self._hosts: dict[tuple[int, int], None] = {}
        self._by_days: dict[int, int] = {}

    def add(self, shape: int, times: int) -> None:
        on = days(shape)
        self.minutes |= shape & MINUTES
        self._by_days[on] = self._by_days.get(on, 0) | times
        if len(self._hosts) < HOSTS:
            self._hosts[on, times] = None

    def for_(self, demand: Demand) -> int:
        """Return the wakes of one schedule that suffice for a demand, else those of all."""
        on = days(demand.shape)
        for other, times in self._hosts:
            if on | other == other and not demand.times & ~_followed(demand, times):
                return times
        return union(times for other, times in self._by_days.items() if on | other == other)


def _followed(demand: Demand, wakes: int) -> int:
    """Return the times of day that one of the wakes follows within the demand's tolerance."""
    spread = _over_midnight(demand, wakes)
    reach = 0
    while reach < demand.tolerance:
        step = min(reach + 1, demand.tolerance - reach)
        spread |= spread >> step
        reach += step
    return spread


def _next(demand: Demand, times: int, wakes: int) -> tuple[int, int]:
    """Move times to the next of the wakes within the tolerance.

    Returns:
        The wakes that the times moved to, and the times for which there is none.
    """
    moved, left = times & wakes, times & ~wakes
    following = _over_midnight(demand, wakes)
    for time in members(left):
        ahead = following >> time & ((2 << demand.tolerance) - 1)
        if ahead:
            wait = (ahead & -ahead).bit_length() - 1
            moved |= 1 << (time + wait) % MINUTES_PER_DAY
            left &= ~(1 << time)
    return moved, left


def _over_midnight(demand: Demand, wakes: int) -> int:
    """Return the wakes of two days, where a time before midnight can wait for one after it."""
    return wakes | wakes << MINUTES_PER_DAY if every_day(demand.shape) else wakes
