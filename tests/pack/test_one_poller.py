"""One poller at most; no other choice of solo slots is better."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.cron import cover
from reconciler.cron.dates import date_rule
from reconciler.pack import BudgetError, Member, one_poller
from reconciler.pack.demand import demands
from reconciler.pack.one_poller import best_solos, total_cost
from reconciler.pack.shape import UNITS_PER_MONTH, cost, shape
from tests.pack.building import NOW, TYPICAL, drawn, members
from tests.pack.strategies import usual, usual_in_utc


def test_within_the_budget_every_schedule_is_solo() -> None:
    assert drawn(one_poller(members("a: 0 6 * * *", "b: 0 6 * * *"), 2, NOW)) == {
        "a": "0 6 * * * <- a",
        "b": "0 6 * * * <- b",
    }


def test_without_a_limit_every_schedule_is_solo() -> None:
    assert len(one_poller(members(*TYPICAL), None, NOW)) == len(TYPICAL)


def test_a_poller_that_wakes_for_all_anyway_leaves_no_reason_for_solo_slots() -> None:
    (poller,) = one_poller(members(*TYPICAL), 5, NOW)
    assert (poller.name, poller.cron) == ("poller", "*/5 * * * *")


def test_those_are_solo_that_would_make_the_poller_dear() -> None:
    group = members("odd: 7 3 * * 0", "hourly: 0 * * * *", "nightly: 0 2 * * *", "two: 52 4 1 * *")
    assert drawn(one_poller(group, 3, NOW)) == {
        "odd": "7 3 * * 0 <- odd",
        "two": "52 4 1 * * <- two",
        "poller": "0 * * * * <- hourly nightly",
    }


def test_with_one_slot_all_share_it() -> None:
    group = members("a: 0 6 * * 1", "b: 30 18 1 * *")
    assert drawn(one_poller(group, 1, NOW)) == {"poller": "*/30 6,18 1 * 1 <- a b"}


def test_equal_schedules_leave_the_poller_together_or_not_at_all() -> None:
    group = members("a: 7 3 * * *", "b: 7 3 * * *", "c: 0 * * * *", "d: 0 5 * * *")
    assert drawn(one_poller(group, 3, NOW)) == {
        "a": "7 3 * * * <- a",
        "b": "7 3 * * * <- b",
        "poller": "0 * * * * <- c d",
    }
    assert drawn(one_poller(group, 2, NOW)) == {
        "c": "0 * * * * <- c",
        "poller": "0,7 3,5 * * * <- a b d",
    }


def test_no_slot_for_some_schedules_is_an_error_and_for_none_is_not() -> None:
    with pytest.raises(BudgetError, match="no cron is left to wake for 1 schedules"):
        one_poller(members("a: 0 6 * * *"), 0, NOW)
    assert one_poller([], 0, NOW) == ()


@given(usual_in_utc, st.integers(1, 6))
@settings(max_examples=40)
def test_no_choice_of_solo_slots_is_better(group: list[Member], budget: int) -> None:
    if budget >= len(group):
        return
    solo = {slot.name for slot in one_poller(group, budget, NOW) if len(slot.schedules) == 1}
    everyone = [member.name for member in group]
    cheapest = min(
        _cost(group, set(choice))
        for size in range(budget)
        for choice in combinations(everyone, size)
    )
    assert _cost(group, solo) == pytest.approx(cheapest)


@given(usual, st.integers(1, 5))
@settings(max_examples=40)
def test_no_choice_is_better_in_zones_either(group: list[Member], most: int) -> None:
    each = demands(group, NOW)
    choices = (
        frozenset(choice)
        for size in range(len(each) + 1)
        for choice in combinations(range(len(each)), size)
        if sum(len(each[n].names) for n in choice) <= most
    )
    cheapest = min(total_cost(each, choice) for choice in choices)
    assert total_cost(each, best_solos(each, most)) == cheapest


def _cost(group: list[Member], solo: set[str]) -> float:
    """Wakes per month, by covers that are made without any of the packing."""
    alone = [[member] for member in group if member.name in solo]
    polled = [member for member in group if member.name not in solo]
    return sum(_wakes(each) for each in [*alone, polled] if each)


def _wakes(group: list[Member]) -> float:
    covering = cover([member.timetable for member in group], NOW)
    days = date_rule(covering, covering.months)
    return cost(shape(covering.minutes, covering.hours, [days])) / UNITS_PER_MONTH
