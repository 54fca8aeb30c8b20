"""What is left to wake for, once every minute has found the one demand that asks most for it.

Any wake serves every schedule that is due. A minute at which one schedule runs every day need not
be covered a second time for another that runs at it on Mondays. So each demand keeps only those of
its times that no other demand has on at least the same days; the rest it gets for nothing, in
whichever slot that other demand ends up.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from reconciler.pack import shape
from reconciler.pack.demand import Demand
from reconciler.pack.lateness import next_in, served_times
from reconciler.pack.shape import cost

_EVERY_HOUR: Final = (1 << 24) - 1


@dataclass(frozen=True, slots=True)
class Load:
    """The part of a demand that some slot must cover.

    Attributes:
        demand: the number of the demand that it is of.
        outline: what the cover must include.
    """

    demand: int
    outline: int


def loads(demands: Sequence[Demand], *, delay: bool) -> tuple[Load, ...]:
    """Return what is left of the demands, the dearest first.

    Args:
        delay: let demands with a tolerance wait for minutes at which others wake, where those come
            soon enough. Otherwise they ask for their nominal times, unless these are served anyway.
    """
    order = sorted(range(len(demands)), key=lambda n: _rank(demands[n]))
    exact = [n for n in order if not demands[n].tolerance]
    kept, serving = _without_repeats([(n, demands[n]) for n in exact])
    left = kept
    minutes = _union(load.outline for load in kept) & shape.MINUTES
    # The latest first: an earlier one can wait for it, not the other way round.
    others = sorted(set(order).difference(exact), key=lambda n: (-demands[n].times, n))
    for n in others:
        demand = demands[n]
        wakes = _on_all_days_of(demand.outline, serving)
        wraps = shape.every_day(demand.outline)
        missing = demand.times & ~served_times(wakes, demand.tolerance, wraps=wraps)
        if not missing:
            continue
        if delay:
            in_use = shape.times_of(minutes, _EVERY_HOUR)
            missing = next_in(missing, in_use, demand.tolerance, wraps=wraps)
        outline = shape.at_times(shape.days(demand.outline), missing)
        left.append(Load(n, demand.outline if missing == demand.times else outline))
        minutes |= outline & shape.MINUTES
    return tuple(sorted(left, key=lambda load: (-cost(load.outline), load.outline, load.demand)))


def _rank(demand: Demand) -> tuple[int, int, str]:
    return -cost(demand.outline), demand.outline, demand.names[0]


def _without_repeats(
    demands: Iterable[tuple[int, Demand]],
) -> tuple[list[Load], dict[int, int]]:
    """Take from each demand the times that another has on all of its days, and one of equals.

    Returns:
        The loads, and by days the times at which demands ask to be woken.
    """
    by_days: dict[int, list[tuple[int, Demand]]] = {}
    for n, demand in demands:
        by_days.setdefault(shape.days(demand.outline), []).append((n, demand))
    asked = {days: _union(demand.times for _, demand in each) for days, each in by_days.items()}
    left = []
    for days, each in by_days.items():
        taken = _union(times for wider, times in asked.items() if _wider(wider, days))
        for n, demand in each:
            own = demand.times & ~taken
            taken |= demand.times
            if own == demand.times:
                left.append(Load(n, demand.outline))
            elif own:
                left.append(Load(n, shape.at_times(days, own)))
    return left, asked


def _on_all_days_of(outline: int, serving: dict[int, int]) -> int:
    days = shape.days(outline)
    return _union(times for other, times in serving.items() if days | other == other)


def _wider(days: int, than: int) -> bool:
    return days != than and days | than == days


def _union(masks: Iterable[int]) -> int:
    union = 0
    for mask in masks:
        union |= mask
    return union
