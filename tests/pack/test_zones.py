"""When a slot is read in its schedules' own zone, and when in UTC."""

from __future__ import annotations

import pytest

from reconciler.pack import fewest_wakes, one_poller
from tests.pack.building import NOW, drawn, member, members


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        # One wake a day instead of two: the zone has two offsets.
        ("a: 0 6 * * * @ America/New_York", "0 6 * * * @ America/New_York <- a"),
        ("a: 0 9-17 * * 1-5 @ Europe/Berlin", "0 9-17 * * 1-5 @ Europe/Berlin <- a"),
        # A fixed offset, but a first day of the month has four possible days before it.
        ("a: 0 0 1 * * @ Asia/Tokyo", "0 0 1 * * @ Asia/Tokyo <- a"),
        # No fewer than in UTC.
        ("a: 0 9 * * * @ Asia/Tokyo", "0 0 * * * <- a"),
        ("a: */5 * * * * @ America/New_York", "*/5 * * * * <- a"),
        # Near the change at 02:00, be it on days without a change.
        ("a: 30 2 * * * @ America/New_York", "*/30 6,7 * * * <- a"),
        ("a: 30 2 * * 1-5 @ America/New_York", "30 6,7 * * 1-5 <- a"),
        ("a: 0 0 * * * @ America/New_York", "0 4,5 * * * <- a"),
        ("a: 0 3 * * * @ Europe/Berlin", "0 1,2 * * * <- a"),
        ("a: 0 4 * * * @ Europe/Berlin", "0 4 * * * @ Europe/Berlin <- a"),
    ],
)
def test_the_zone_of_a_solo_slot(line: str, expected: str) -> None:
    assert drawn(one_poller([member(line)], 1, NOW)) == {"a": expected}


def test_schedules_that_share_a_zone_share_a_slot_in_it() -> None:
    group = members("a: 0 6 * * * @ Europe/Berlin", "b: 0 7 * * 1 @ Europe/Berlin")
    assert drawn(fewest_wakes(group, 1, NOW)) == {
        "poller": "0 6,7 * * * @ Europe/Berlin <- a b",
    }


def test_schedules_of_different_zones_share_a_slot_in_utc() -> None:
    group = members("a: 0 6 * * * @ Europe/Berlin", "b: 0 0 * * * @ America/New_York")
    assert drawn(fewest_wakes(group, 1, NOW)) == {"poller": "0 4,5 * * * <- a b"}


def test_one_that_is_near_a_change_brings_the_others_to_utc() -> None:
    group = members("a: 0 6 * * * @ Europe/Berlin", "b: 0 2 * * 1 @ Europe/Berlin")
    (poller,) = fewest_wakes(group, 1, NOW)
    assert poller.timezone == "UTC"


def test_what_utc_slots_wake_for_anyway_needs_no_slot_in_its_own_zone() -> None:
    group = members("a: 0 * * * *", "b: 0 6 * * * @ Europe/Berlin")
    assert drawn(fewest_wakes(group, 2, NOW)) == {"poller": "0 * * * * <- a b"}


def test_covers_are_the_same_all_year() -> None:
    group = members("a: 0 6 15 3 * @ America/New_York", "b: 30 2 * * * @ Africa/Casablanca")
    january, december = NOW - 310 * 1440, NOW + 40 * 1440
    assert one_poller(group, 2, january) == one_poller(group, 2, december)
