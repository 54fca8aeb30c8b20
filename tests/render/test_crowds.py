"""Minutes in which many schedules start at once."""

from __future__ import annotations

from reconciler.cron import Timetable, parse
from reconciler.render.crowds import CROWD, find_crowds
from tests.plan.scenario import NOW


def at(text: str, zone: str = "UTC") -> Timetable:
    return Timetable((parse(text),), zone)


def test_a_minute_with_many_schedules_is_named_with_freer_ones() -> None:
    crowd = {f"c{number:02}": at("0 6 * * *") for number in range(CROWD)}
    others = {"x": at("1 * * * *"), "y": at("2 * * * *")}
    (found,) = find_crowds({**crowd, **others}, NOW)
    assert (found.minute, found.names) == (0, tuple(sorted(crowd)))
    assert found.freer == (3, 4, 5)


def test_schedules_of_several_zones_meet_in_utc() -> None:
    half = CROWD // 2
    utc = {f"u{number}": at("0 14 * * *") for number in range(half)}
    york = {f"n{number}": at("0 9 * * *", "America/New_York") for number in range(CROWD - half)}
    (found,) = find_crowds({**utc, **york}, NOW)
    assert found.names == tuple(sorted({**utc, **york}))


def test_fewer_than_a_crowd_is_nothing_to_remark() -> None:
    few = {f"c{number}": at("0 6 * * *") for number in range(CROWD - 1)}
    assert find_crowds(few, NOW) == []
