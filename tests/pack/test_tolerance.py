"""A schedule that may run later shares wakes that come soon enough."""

from __future__ import annotations

from reconciler.pack import fewest_wakes, one_poller
from tests.pack.building import NOW, drawn, members


def test_a_wake_soon_after_serves_it() -> None:
    group = members("often: */15 * * * *", "late: 5 3 * * * ~ 10")
    assert drawn(fewest_wakes(group, 2, NOW)) == {"poller": "*/15 * * * * <- late often"}


def test_a_wake_too_late_does_not() -> None:
    group = members("often: */15 * * * *", "late: 5 3 * * * ~ 9")
    assert drawn(fewest_wakes(group, 2, NOW)) == {
        "late": "5 3 * * * <- late",
        "often": "*/15 * * * * <- often",
    }


def test_a_wake_after_midnight_serves_a_time_before_it() -> None:
    group = members("midnight: 0 0 * * *", "late: 50 23 * * * ~ 15")
    assert drawn(fewest_wakes(group, 2, NOW)) == {"poller": "0 0 * * * <- late midnight"}


def test_but_not_if_the_day_after_is_another() -> None:
    group = members("midnight: 0 0 * * 1", "late: 50 23 * * 1 ~ 15")
    assert len(fewest_wakes(group, 2, NOW)) == 2


def test_two_tolerant_schedules_share_a_wake() -> None:
    group = members("a: 3 4 * * * ~ 10", "b: 8 4 * * * ~ 10")
    assert drawn(fewest_wakes(group, 1, NOW)) == {"poller": "8 4 * * * <- a b"}


def test_a_poller_wakes_for_tolerant_schedules_at_its_other_times() -> None:
    group = members("often: */15 * * * *", "late: 5 3 * * * ~ 10")
    assert drawn(one_poller(group, 1, NOW)) == {"poller": "*/15 * * * * <- late often"}


def test_a_solo_slot_wakes_at_the_nominal_time() -> None:
    group = members("often: */15 * * * *", "late: 5 3 * * * ~ 10")
    assert drawn(one_poller(group, 2, NOW))["late"] == "5 3 * * * <- late"


def test_a_schedule_waits_for_the_wakes_of_one_other_rather_than_of_several() -> None:
    group = members(
        *("hourly: 15 * * * *", "odd: 30 23 * * *", "often: */30 * * * * ~ 60", "far: 58 2 * * *")
    )
    assert drawn(fewest_wakes(group, 3, NOW)) == {
        "far": "58 2 * * * <- far",
        "odd": "30 23 * * * <- odd",
        "poller": "15 * * * * <- hourly often",
    }
