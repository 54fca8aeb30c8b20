"""A schedule that may run later shares wakes that come soon enough."""

from __future__ import annotations

import pytest

from reconciler.manifest import Packing
from reconciler.pack import fewest_wakes, one_poller, wakes_saved_by_tolerance
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


def test_two_that_may_wait_meet() -> None:
    group = members("a: 3 4 * * * ~ 10", "b: 8 4 * * * ~ 10")
    assert drawn(fewest_wakes(group, 1, NOW)) == {"poller": "8 4 * * * <- a b"}


def test_a_poller_serves_those_who_can_wait_with_its_other_wakes() -> None:
    group = members("often: */15 * * * *", "late: 5 3 * * * ~ 10")
    assert drawn(one_poller(group, 1, NOW)) == {"poller": "*/15 * * * * <- late often"}
    assert wakes_saved_by_tolerance(group, Packing.ONE_POLLER, 1, NOW) > 0


def test_who_has_a_slot_of_its_own_wakes_at_its_time() -> None:
    group = members("often: */15 * * * *", "late: 5 3 * * * ~ 10")
    assert drawn(one_poller(group, 2, NOW))["late"] == "5 3 * * * <- late"


def test_what_it_saves() -> None:
    group = members("often: */15 * * * *", "late: 5 3 * * * ~ 10")
    assert wakes_saved_by_tolerance(group, Packing.FEWEST_WAKES, 2, NOW) == pytest.approx(
        30.4, abs=0.1
    )
    assert wakes_saved_by_tolerance(group, Packing.ONE_POLLER, 2, NOW) == 0
    punctual = members("often: */15 * * * *", "late: 5 3 * * *")
    assert wakes_saved_by_tolerance(punctual, Packing.FEWEST_WAKES, 2, NOW) == 0
