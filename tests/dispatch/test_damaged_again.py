"""Damage that is repaired and comes again is an alarm again; damage that lasts is one."""

from __future__ import annotations

from typing import Any, cast

import pytest

from reconciler.alerts import Alerts
from reconciler.model.formats import FormatError
from tests.dispatch.alarm_scenario import rule, texts
from tests.dispatch.scenario import World, hourly

HELLO = "Dict entry cursor cannot be read: it holds a value of type str. To look: reconcile status"


def garble_cursor(world: World) -> None:
    """Store what is not a cursor, as anybody with access can."""
    cast("dict[str, Any]", world.claims.entries)["cursor"] = "hello"


def test_each_time_that_the_cursor_is_damaged_is_an_alarm() -> None:
    world = World()
    world.live(hourly(), alerts=Alerts(rule()))
    world.wake("09:00")
    for number, time in enumerate(("10:00", "10:15", "11:00"), 1):
        garble_cursor(world)
        world.wake(time)
        assert texts(world) == [HELLO] * number


def test_wakes_that_meet_at_a_damaged_cursor_send_one_alarm() -> None:
    world = World()
    world.live(hourly(), alerts=Alerts(rule()))
    world.wake("09:00")
    for time in ("10:00", "10:14"):
        garble_cursor(world)
        world.wake(time)
    assert texts(world) == [HELLO]


def test_a_pointer_that_was_repaired_and_is_damaged_again_is_an_alarm_again() -> None:
    world = World()
    world.live(hourly(), alerts=Alerts(rule()))
    for damaged, whole in ((("09:00", "09:20"), "09:40"), (("10:00", "11:00"), "12:00")):
        world.generations.damage = FormatError("is not a pointer", where="current.json")
        for time in damaged:
            with pytest.raises(FormatError):
                world.wake(time)
        world.generations.damage = None
        world.wake(whole)
    assert len([text for text in texts(world) if "current.json cannot be read" in text]) == 2
