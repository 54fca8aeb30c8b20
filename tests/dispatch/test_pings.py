"""Pings: from outside, a run is seen to start and to end, each once and in their order."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from reconciler.alerts import Address
from reconciler.dispatch.answers import CallState, CallStatus
from reconciler.dispatch.wake.supervision import RunOrder, Supervisor
from tests.dispatch.scenario import World, hourly

PING = Address(url="https://hc-ping.example/uuid")


def pinging(**values: Any) -> World:
    """A world with an hourly schedule that pings."""
    world = World()
    world.live(hourly(ping=PING, **values))
    return world


def pings(world: World) -> list[str]:
    """What was asked for, as it ends after the address."""
    return [message.suffix for message in world.messenger.sent if message.body is None]


@pytest.mark.parametrize(
    ("state", "suffix"),
    [
        (CallState.SUCCEEDED, ""),
        (CallState.FAILED, "/fail"),
        (CallState.TIMED_OUT, "/fail"),
    ],
)
def test_a_run_pings_when_it_starts_and_when_its_end_is_seen(state: CallState, suffix: str) -> None:
    world = pinging()
    world.wake("09:00")
    assert pings(world) == ["/start"]
    world.end(1, state)
    world.wake("09:30")
    world.wake("09:40")
    assert pings(world) == ["/start", suffix]


def test_a_run_that_is_cancelled_or_missed_pings_nothing() -> None:
    world = pinging()
    world.wake("09:00")
    world.end(1, CallState.CANCELLED)
    world.wake("09:30")
    world.wake("12:30")
    assert pings(world) == ["/start", "/start"]


def test_the_end_of_a_run_is_notified_before_the_start_of_the_next() -> None:
    world = pinging()
    world.wake("09:00")
    world.end(1, CallState.SUCCEEDED)
    world.wake("10:00")
    assert pings(world) == ["/start", "", "/start"]


def test_a_start_that_could_not_be_notified_is_not_notified_late_and_an_end_is() -> None:
    world = pinging()
    world.messenger.refusing.add(PING.shown)
    world.wake("09:00")
    world.end(1, CallState.SUCCEEDED)
    world.wake("09:05")
    world.messenger.refusing.clear()
    world.wake("09:10")
    world.wake("09:20")
    assert pings(world) == [""]


def test_behind_a_ping_that_is_refused_the_later_ones_wait() -> None:
    world = pinging()
    world.wake("09:00")
    world.end(1, CallState.FAILED)
    world.messenger.refusing.add(PING.shown)
    world.wake("09:30")
    world.wake("10:00")
    world.end(2, CallState.SUCCEEDED)
    world.messenger.refusing.clear()
    world.wake("10:30")
    assert pings(world) == ["/start", "/fail", "/start", ""]


def test_behind_a_ping_that_waits_for_its_next_attempt_the_later_ones_wait_too() -> None:
    world = pinging()
    world.wake("09:00")
    world.end(1, CallState.FAILED)
    world.messenger.refusing.add(PING.shown)
    for time in ("09:30", "09:31", "09:33", "09:37", "09:45"):
        world.wake(time)
    world.messenger.refusing.clear()
    world.wake("10:00")
    assert pings(world) == ["/start"]
    world.wake("10:01")
    assert pings(world) == ["/start", "/fail", "/start"]


def test_a_wrong_address_holds_up_no_other_at_its_host() -> None:
    wrong = Address(url="https://hc-ping.example/wrong")
    world = World()
    world.live(hourly("a", ping=wrong), hourly("b", ping=PING))
    world.messenger.unknown.add("https://hc-ping.example/wrong")
    for number, time in enumerate(("09:00", "10:00", "11:00")):
        world.wake(time)
        assert pings(world) == ["/start", *["", "/start"] * number]
        for call in range(1, 7):
            world.end(call, CallState.SUCCEEDED)


ORDER = RunOrder(
    occurrence="hourly@2026-11-20T09:00Z", app="shop", function="sync", args={}, ping=PING
)


def supervise(world: World, token: str = "s1", order: RunOrder = ORDER) -> CallStatus:
    """Watch over one run to its end."""

    async def pause(_seconds: float) -> None:
        return

    supervisor = Supervisor(
        order,
        "fc-supervisor",
        token,
        world.ports("09:01").clock,
        world.claims,
        world.caller,
        pause,
        world.messenger,
    )
    return asyncio.run(supervisor.run())


def test_the_supervisor_pings_at_once_and_the_wake_does_not_repeat_it() -> None:
    world = pinging(retries=1)
    world.wake("09:00")
    assert pings(world) == []
    world.caller.statuses["fc-2"] = CallStatus(CallState.SUCCEEDED)
    assert supervise(world).state is CallState.SUCCEEDED
    assert pings(world) == ["/start", ""]
    world.end(1, CallState.SUCCEEDED)
    world.wake("09:30")
    assert pings(world) == ["/start", ""]


def test_a_supervisor_that_is_started_again_pings_nothing_twice() -> None:
    world = pinging(retries=1)
    world.caller.statuses["fc-1"] = CallStatus(CallState.SUCCEEDED)
    supervise(world)
    supervise(world, token="s2")
    assert pings(world) == ["/start", ""]


def test_a_ping_that_the_supervisor_could_not_send_is_the_next_wakes() -> None:
    world = pinging(retries=1)
    world.wake("09:00")
    world.caller.statuses["fc-2"] = CallStatus(CallState.FAILED, reason="ValueError: no")
    world.messenger.refusing.add(PING.shown)
    assert supervise(world).state is CallState.FAILED
    world.messenger.refusing.clear()
    world.end(1, CallState.FAILED)
    world.wake("09:30")
    assert pings(world) == ["/fail"]


def test_an_order_from_before_there_were_pings_is_still_read() -> None:
    data = {key: value for key, value in ORDER.to_json().items() if key != "ping"}
    assert RunOrder.from_json(data) == replace(ORDER, ping=None)
    assert RunOrder.from_json(ORDER.to_json()) == ORDER
