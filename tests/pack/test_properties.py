"""What holds for every packing of every set: safety and liveness."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.cron import Timetable
from reconciler.pack import (
    Member,
    PackedSlot,
    fewest_wakes,
    one_poller,
    wakes_by_slot,
    wakes_per_month,
)
from tests.pack.building import NOW, TODAY, timetable_of, unserved
from tests.pack.strategies import budgets, strange, tolerant, usual, usual_in_utc


class Packer(Protocol):
    def __call__(
        self,
        members: Iterable[Member],
        budget: int | None,
        now: int,
        deployed: Sequence[PackedSlot] = (),
    ) -> tuple[PackedSlot, ...]: ...


both_packings = pytest.mark.parametrize("packer", [one_poller, fewest_wakes])
DAY = 1440
ROUNDING = 1.001
"""Wakes are counted over one year, costs over the whole calendar: they differ by this at most."""


def wakes(slots: Sequence[PackedSlot]) -> float:
    return sum(wakes_by_slot(slots, NOW).values())


@both_packings
@given(st.one_of(usual, strange, tolerant), budgets)
@settings(max_examples=60)
def test_every_cover_contains_all_times_of_its_schedules(
    packer: Packer, group: list[Member], budget: int
) -> None:
    assert not list(unserved(group, packer(group, budget, NOW)))


@both_packings
@given(st.one_of(usual, strange), budgets)
@settings(max_examples=8)
def test_for_ten_years(packer: Packer, group: list[Member], budget: int) -> None:
    assert not list(unserved(group, packer(group, budget, NOW), years=10))


@both_packings
@given(st.one_of(usual, strange, tolerant), budgets)
@settings(max_examples=60)
def test_every_schedule_is_in_one_slot(packer: Packer, group: list[Member], budget: int) -> None:
    slots = packer(group, budget, NOW)
    assert sorted(name for slot in slots for name in slot.schedules) == sorted(
        member.name for member in group
    )
    assert all(slot.schedules for slot in slots)


@both_packings
@given(st.one_of(usual, strange, tolerant), budgets)
@settings(max_examples=60)
def test_never_above_the_budget(packer: Packer, group: list[Member], budget: int) -> None:
    assert len(packer(group, budget, NOW)) <= budget


@both_packings
@given(st.one_of(usual, tolerant), budgets, st.data())
@settings(max_examples=40)
def test_the_order_of_the_schedules_does_not_matter(
    packer: Packer, group: list[Member], budget: int, data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(group))
    assert packer(shuffled, budget, NOW) == packer(group, budget, NOW)


@given(st.one_of(usual, tolerant), budgets)
@settings(max_examples=60)
def test_more_slots_never_cost_more_wakes(group: list[Member], budget: int) -> None:
    fewer, more = fewest_wakes(group, budget, NOW), fewest_wakes(group, budget + 1, NOW)
    assert wakes(more) <= wakes(fewer) * ROUNDING


@given(st.one_of(usual, tolerant), st.integers(1, 4))
@settings(max_examples=60)
def test_more_slots_never_cost_one_poller_more_until_all_are_solo(
    group: list[Member], budget: int
) -> None:
    if budget + 1 < len(group):
        fewer, more = one_poller(group, budget, NOW), one_poller(group, budget + 1, NOW)
        assert wakes(more) <= wakes(fewer) * ROUNDING


@both_packings
@given(st.one_of(usual, tolerant), budgets)
@settings(max_examples=60)
def test_tolerance_never_costs_wakes(packer: Packer, group: list[Member], budget: int) -> None:
    punctual = [Member(member.name, member.timetable) for member in group]
    late, strict = packer(group, budget, NOW), packer(punctual, budget, NOW)
    assert wakes(late) <= wakes(strict) * ROUNDING


@given(usual_in_utc, budgets)
@settings(max_examples=60)
def test_the_floor_is_below_every_packing(group: list[Member], budget: int) -> None:
    floor = wakes_per_month([member.timetable for member in group], NOW)
    assert floor <= wakes(fewest_wakes(group, budget, NOW)) * ROUNDING


@both_packings
@given(st.one_of(usual, tolerant), budgets)
@settings(max_examples=40)
def test_packing_again_changes_nothing(packer: Packer, group: list[Member], budget: int) -> None:
    first = packer(group, budget, NOW)
    assert packer(group, budget, NOW + 9 * DAY, first) == first


@given(usual, st.integers(1, 12))
@settings(max_examples=40)
def test_a_solo_slot_wakes_exactly_for_a_schedule_in_utc(group: list[Member], budget: int) -> None:
    alone = {member.name: member.timetable for member in group}
    for slot in one_poller(group, budget, NOW):
        if slot.schedules == (slot.name,) and alone[slot.name].zone == "UTC":
            assert _year(timetable_of(slot)) == _year(alone[slot.name])


def _year(timetable: Timetable) -> list[int]:
    return [timetable.minutes_of_day(day) for day in range(TODAY, TODAY + 365)]


@given(st.one_of(usual, tolerant), budgets, st.data())
@settings(max_examples=40)
def test_what_is_deployed_never_breaks_the_budget_or_a_cover(
    group: list[Member], budget: int, data: st.DataObject
) -> None:
    before = fewest_wakes(group, data.draw(budgets), NOW)
    kept = data.draw(st.lists(st.sampled_from(group), min_size=1, unique_by=lambda m: m.name))
    added = [Member(f"x{n}", one.timetable, one.tolerance) for n, one in enumerate(group[:2])]
    slots = fewest_wakes([*kept, *added], budget, NOW, before)
    assert len(slots) <= budget
    assert not list(unserved([*kept, *added], slots))
