"""Schedules stay in their slots while that costs at most one percent more than the best packing."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from reconciler.pack import Member, PackedSlot, fewest_wakes, one_poller, wakes_by_slot
from tests.pack.building import NOW, drawn, members

BEFORE = (
    "a: 0 2 * * *",
    "b: 0 14 * * *",
    "c: 30 5 * * *",
    "d: 30 6 * * *",
    "e: 15 * * * *",
    "f: 45 11 * * 1",
)


def _moved(before: Sequence[PackedSlot], after: Sequence[PackedSlot]) -> set[str]:
    """The schedules that share their slot with others than before, new and removed ones apart."""
    common = _names(before) & _names(after)
    with_before, with_after = _companions(before), _companions(after)
    return {name for name in common if (with_before[name] ^ with_after[name]) & common}


def _companions(slots: Sequence[PackedSlot]) -> dict[str, set[str]]:
    return {name: set(slot.schedules) for slot in slots for name in slot.schedules}


def _names(slots: Sequence[PackedSlot]) -> set[str]:
    return {name for slot in slots for name in slot.schedules}


@pytest.mark.parametrize(
    "change",
    [
        "new: 15 3 * * *",
        "new: 0 2 * * 0",
        "new: 45 11 1 * *",
        "f: 45 12 * * 1",
        "new: 52 3 1 1 *",
    ],
)
def test_an_unrelated_change_moves_no_schedule(change: str) -> None:
    before = fewest_wakes(members(*BEFORE), 4, NOW)
    group = {member.name: member for member in members(*BEFORE, change)}
    after = fewest_wakes(group.values(), 4, NOW, before)
    assert _moved(before, after) <= {change[0]}


def test_a_removal_moves_no_schedule() -> None:
    before = fewest_wakes(members(*BEFORE), 4, NOW)
    after = fewest_wakes(members(*BEFORE[:-1]), 4, NOW, before)
    assert _moved(before, after) == set()


def test_a_packing_that_wakes_a_little_more_than_the_best_is_kept() -> None:
    group = members("often: */5 * * * *", "a: 7 2 * * *", "b: 7 3 * * *")
    deployed = (
        PackedSlot("often", "*/5 * * * *", ("often",)),
        PackedSlot("poller", "7 2,3 * * *", ("a", "b")),
    )
    assert fewest_wakes(group, 3, NOW, deployed) == deployed
    kept = one_poller(
        members("often: */5 * * * *", "a: 0 3 1 1 *", "b: 0 4 * * *"),
        2,
        NOW,
        (PackedSlot("a", "0 3 1 1 *", ("a",)),),
    )
    assert set(drawn(kept)) == {"a", "poller"}


def test_one_that_wakes_much_more_is_given_up() -> None:
    group = members("hourly: 0 * * * *", "a: 7 2 * * *", "b: 7 3 * * *")
    deployed = (
        PackedSlot("poller", "0,7 * * * *", ("a", "hourly")),
        PackedSlot("b", "7 3 * * *", ("b",)),
    )
    assert drawn(fewest_wakes(group, 2, NOW, deployed)) == {
        "hourly": "0 * * * * <- hourly",
        "poller": "7 2,3 * * * <- a b",
    }


def test_a_smaller_budget_gives_up_slots() -> None:
    before = fewest_wakes(members(*BEFORE), 5, NOW)
    assert len(fewest_wakes(members(*BEFORE), 2, NOW, before)) == 2


def test_small_losses_do_not_add_up() -> None:
    group: list[Member] = members(*BEFORE)
    slots = fewest_wakes(group, 4, NOW)
    for n in range(24):
        group += members(f"x{n}: {(7 * n) % 60} {(5 * n) % 24} * * *")
        slots = fewest_wakes(group, 4, NOW, slots)
    fresh = fewest_wakes(group, 4, NOW)
    kept, best = (sum(wakes_by_slot(each, NOW).values()) for each in (slots, fresh))
    assert kept <= best * 1.011


def test_pollers_keep_their_names() -> None:
    group = members("a: 0 2 * * *", "b: 0 14 * * *", "c: 30 5 * * *", "d: 30 6 * * *")
    deployed = (
        PackedSlot("poller", "30 5,6 * * *", ("c", "d")),
        PackedSlot("poller-2", "0 2,14 * * *", ("a", "b")),
    )
    assert fewest_wakes(group, 2, NOW, deployed) == deployed
    swapped = fewest_wakes(group, 2, NOW)
    assert [slot.schedules for slot in swapped] == [("a", "b"), ("c", "d")]
