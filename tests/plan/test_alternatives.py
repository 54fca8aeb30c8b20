"""What another choice would cost."""

from __future__ import annotations

import pytest

from reconciler.manifest import Packing
from reconciler.plan import make_plan
from reconciler.plan.alternatives import other_packings, wakes_without_tolerance
from reconciler.plan.slot_members import members_of
from tests.plan.scenario import NOW, desired, hourly, nothing, schedules

HOURLY = 730.5
"""Wakes a month of a schedule that runs every hour."""
FOUR = members_of(hourly("a", "b", "c", "d"), None, NOW)


def test_the_other_packing_and_one_cron_fewer_and_more_are_compared() -> None:
    found = other_packings(FOUR, Packing.ONE_POLLER, 3, NOW)
    assert [(one.packing, one.crons) for one in found] == [
        (Packing.FEWEST_WAKES, 3),
        (Packing.ONE_POLLER, 2),
        (Packing.ONE_POLLER, 4),
    ]
    assert found[-1].used == 4
    assert found[-1].wakes == 4 * HOURLY


@pytest.mark.parametrize(("available", "crons"), [(0, [1]), (1, [1, 2]), (2, [2, 1, 3])])
def test_without_a_cron_nothing_is_packed(available: int, crons: list[int]) -> None:
    found = other_packings(FOUR, Packing.ONE_POLLER, available, NOW)
    assert [one.crons for one in found] == crons


def test_without_a_limit_or_a_schedule_there_is_nothing_to_choose() -> None:
    assert other_packings(FOUR, Packing.ONE_POLLER, None, NOW) == ()
    assert other_packings([], Packing.ONE_POLLER, 3, NOW) == ()
    assert len(other_packings(FOUR[:1], Packing.ONE_POLLER, 3, NOW)) == 3


def test_without_tolerance_schedules_that_can_wait_wake_by_themselves() -> None:
    exact = 'name: exact\nschedule: "0 * * * *"'
    text = f'{exact}\n---\nname: patient\nschedule: "50 * * * *"\ntolerance: 15m'
    members = members_of(schedules(text), None, NOW)
    without = wakes_without_tolerance(members, Packing.ONE_POLLER, 1, NOW, ())
    assert without == 2 * HOURLY


PATIENT = 'name: patient\nschedule: "50 * * * *"\ntolerance: 15m'


@pytest.mark.parametrize(
    ("texts", "crons", "saved"),
    [
        (('name: exact\nschedule: "0 * * * *"', PATIENT), 1, 731),
        ((PATIENT,), 1, 0),
        (('name: exact\nschedule: "0 * * * *"',), 1, 0),
        (('name: exact\nschedule: "0 * * * *"', 'name: late\nschedule: "50 * * * *"'), 1, 0),
    ],
    ids=["shared", "alone", "exact", "without tolerance"],
)
def test_a_plan_says_how_many_wakes_tolerance_saves(
    texts: tuple[str, ...], crons: int, saved: int
) -> None:
    given = desired(schedules("\n---\n".join(texts)), crons=crons)
    assert make_plan(given, nothing(), NOW).saved_by_tolerance == saved
