"""Slots are in UTC, whatever the zones of their schedules."""

from __future__ import annotations

import pytest

from reconciler.pack import fewest_wakes, one_poller
from tests.pack.building import NOW, drawn, member, members


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        # Both hours of a zone with summer time; the dispatcher finds nothing due at the other.
        ("a: 0 6 * * * @ America/New_York", "0 10,11 * * * <- a"),
        ("a: 0 9-17 * * 1-5 @ Europe/Berlin", "0 7-16 * * 1-5 <- a"),
        ("a: 0 9 * * * @ Asia/Tokyo", "0 0 * * * <- a"),
        ("a: */5 * * * * @ America/New_York", "*/5 * * * * <- a"),
        # The first of the month in Tokyo begins on four different days in UTC.
        ("a: 0 0 1 * * @ Asia/Tokyo", "0 15 28-31 * * <- a"),
        # The 02:30 that New York skips in March runs at 03:00.
        ("a: 30 2 * * * @ America/New_York", "*/30 6,7 * * * <- a"),
        ("a: 30 2 * * 1-5 @ America/New_York", "30 6,7 * * 1-5 <- a"),
        ("a: 0 0 * * * @ America/New_York", "0 4,5 * * * <- a"),
    ],
)
def test_a_solo_slot_covers_every_offset_of_the_zone(line: str, expected: str) -> None:
    assert drawn(one_poller([member(line)], 1, NOW)) == {"a": expected}


def test_schedules_of_different_zones_share_a_slot() -> None:
    group = members("a: 0 6 * * * @ Europe/Berlin", "b: 0 0 * * * @ America/New_York")
    assert drawn(fewest_wakes(group, 1, NOW)) == {"poller": "0 4,5 * * * <- a b"}


def test_what_another_slot_wakes_for_anyway_needs_no_slot() -> None:
    group = members("a: 0 * * * *", "b: 0 6 * * * @ Europe/Berlin")
    assert drawn(fewest_wakes(group, 2, NOW)) == {"poller": "0 * * * * <- a b"}


def test_covers_are_the_same_all_year() -> None:
    group = members("a: 0 6 15 3 * @ America/New_York", "b: 30 2 * * * @ Africa/Casablanca")
    january, december = NOW - 310 * 1440, NOW + 40 * 1440
    assert one_poller(group, 2, january) == one_poller(group, 2, december)
