"""How often crons wake."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from reconciler.pack import EVERY_MINUTE, Member, PackedSlot, wakes_by_slot, wakes_per_month
from tests.pack.building import NOW, TODAY, TYPICAL, members
from tests.pack.strategies import strange

MONTHS = 12 / 365.25 * 365


def _of(*lines: str) -> float:
    return wakes_per_month([member.timetable for member in members(*lines)], NOW)


def test_the_poller_that_this_replaces() -> None:
    assert EVERY_MINUTE == 43_830
    assert round(_of("a: * * * * *")) == EVERY_MINUTE


def test_a_minute_in_which_several_are_due_counts_once() -> None:
    assert round(_of("a: 0 6 * * *", "b: 0 6 * * *", "c: 0 6,7 * * *")) == 61
    assert _of("a: 0 6 * * * @ Europe/Berlin") == pytest.approx(_of("a: 0 6 * * *"))
    assert round(_of(*TYPICAL)) == 8766


def test_nothing_never_wakes() -> None:
    assert wakes_per_month([], NOW) == 0


@given(strange)
@settings(max_examples=30)
def test_the_floor_counts_the_distinct_minutes_of_a_year(group: list[Member]) -> None:
    due = {
        minute
        for member in group
        for minute in member.timetable.between(TODAY * 1440 - 1, (TODAY + 365) * 1440 - 1)
    }
    timetables = [member.timetable for member in group]
    assert wakes_per_month(timetables, NOW) == pytest.approx(len(due) / MONTHS)


def test_slots_that_wake_in_the_same_minute_count_each() -> None:
    slots = (
        PackedSlot("a", "0 6 * * *", ("a",)),
        PackedSlot("poller", "0 6,7 * * *", ("b", "c")),
    )
    found = wakes_by_slot(slots, NOW)
    assert {name: round(wakes) for name, wakes in found.items()} == {"a": 30, "poller": 61}
