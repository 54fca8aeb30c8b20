"""Slots that should have woken and did not: when that is an alarm."""

from __future__ import annotations

from typing import Any

from reconciler.alerts import Alerts
from reconciler.cron import minute
from reconciler.model.generation import Slot, new_generation
from reconciler.policies import Catchup
from tests.dispatch.alarm_scenario import rule, texts
from tests.dispatch.scenario import World, at, hourly

POLLER = Slot("poller", "*/30 * * * *")
NIGHTLY = Slot("nightly", "0 3 * * *", "Europe/Paris")


def overdue_world(since: str = "08:40", **values: Any) -> World:
    """Slots that were planned at a time."""
    world = World()
    names = {slot.name: minute(at(since)) for slot in (POLLER, NIGHTLY)}
    world.live(
        hourly(catchup=Catchup.ALL),
        slots=(POLLER, NIGHTLY),
        alerts=Alerts(rule(), **values),
        slots_since=names,
    )
    return world


def overdue(world: World) -> list[str]:
    """Slots and times of the overdue wakes that were reported."""
    return [text.partition(" To look")[0] for text in texts(world)]


def test_a_wake_that_did_not_come_is_notified_once_by_the_next_wake_from_any_source() -> None:
    world = overdue_world()
    world.wake("09:00")
    world.wake("09:40", slot="nightly")
    world.wake("09:45", slot="on_demand")
    world.wake("10:40", slot="on_demand")
    (text,) = overdue(world)
    assert text == (
        "Slot poller should have woken at 2026-11-20T09:30Z (*/30 * * * *, UTC) and did not; "
        "what it wakes for runs with the next wake."
    )


def test_a_wake_within_the_punctuality_is_not_overdue() -> None:
    world = overdue_world()
    world.wake("09:00")
    world.wake("09:34", slot="on_demand")
    assert overdue(world) == []


def test_a_wake_is_awaited_for_a_minute_though_less_is_asked_for() -> None:
    world = World()
    world.generations.generation = new_generation(
        [hourly()],
        (POLLER,),
        30,
        alerts=Alerts(rule()),
        slots_since={POLLER.name: minute(at("08:40"))},
    )
    world.wake("09:00")
    world.wake("09:30", slot="on_demand")
    assert overdue(world) == []
    world.wake("09:31", slot="on_demand")
    assert "woken at 2026-11-20T09:30Z" in overdue(world)[0]


def test_a_slot_that_comes_late_was_not_left_out_but_what_it_left_out_is_notified() -> None:
    world = overdue_world()
    world.wake("09:00")
    world.wake("09:38")
    assert overdue(world) == []
    world.wake("11:00")
    assert "woken at 2026-11-20T10:00Z" in overdue(world)[0]


def test_a_second_outage_is_notified_again() -> None:
    world = overdue_world()
    world.wake("09:00")
    world.wake("09:40", slot="on_demand")
    world.wake("10:00")
    world.wake("10:40", slot="on_demand")
    assert len(overdue(world)) == 2


def test_a_slot_that_is_new_is_not_judged_by_times_before_it_was_planned() -> None:
    world = overdue_world(since="09:25")
    world.wake("09:40", slot="on_demand")
    world.wake("10:04", slot="on_demand")
    assert overdue(world) == []
    world.wake("10:06", slot="on_demand")
    assert "woken at 2026-11-20T10:00Z" in overdue(world)[0]


def test_a_generation_that_does_not_say_since_when_its_slots_are_there_is_not_judged() -> None:
    world = World()
    world.live(hourly(catchup=Catchup.ALL), slots=(POLLER,), alerts=Alerts(rule()))
    world.wake("12:10", slot="on_demand")
    assert overdue(world) == []


def test_overdue_wakes_can_be_left_without_a_notification() -> None:
    world = overdue_world(overdue=False)
    world.wake("09:00")
    world.wake("12:10", slot="on_demand")
    assert overdue(world) == []


def test_a_wake_for_one_minute_judges_no_slot() -> None:
    world = overdue_world()
    world.wake("12:10", slot="on_demand", as_if=minute(at("12:00")))
    assert overdue(world) == []
