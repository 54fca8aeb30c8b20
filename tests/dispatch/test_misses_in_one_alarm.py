"""A miss is in one alarm, whichever wakes come upon it and whatever they find beside it."""

from __future__ import annotations

import asyncio

from reconciler.alerts import Alerts
from reconciler.cron import minute
from reconciler.dispatch.decide.recovery import recover
from reconciler.dispatch.wake.request import WakeRequest
from reconciler.dispatch.wake.wake import wake
from reconciler.model.runs_file import RunRecord, RunState, WakeLog
from reconciler.policies import Delivery
from tests.dispatch.alarm_scenario import rule, texts
from tests.dispatch.scenario import World, at, hourly
from tests.simulation.virtual_time import run_virtually

TEN, ELEVEN = "2026-11-20T10:00Z", "2026-11-20T11:00Z"


def test_a_miss_that_wake_at_found_is_not_in_the_alarm_of_the_wake_that_finds_more() -> None:
    world = World()
    record = hourly(delivery=Delivery.AT_MOST_ONCE, deadline=600)
    world.live(record, alerts=Alerts(rule()))
    world.wake("09:05")
    world.claims.entries[f"hourly@{TEN}"] = {
        "state": "claimed",
        "token": "dead",
        "wake": "fc-dead",
        "attempt": "1",
        "until": "2026-11-20T10:05:00Z",
    }
    world.wake("10:30", slot="manual", as_if=minute(at("10:00")))
    (first,) = texts(world)
    assert f"hourly@{TEN} was missed" in first
    world.wake("11:30")
    _, second = texts(world)
    assert f"hourly@{ELEVEN} was missed" in second
    assert TEN not in second


def test_two_wakes_at_once_of_which_one_finds_more_put_no_miss_into_two_alarms() -> None:
    for order in (("10:30", "11:30"), ("11:30", "10:30")):
        world = World()
        world.live(hourly(deadline=600), alerts=Alerts(rule()))
        world.wake("09:05")

        async def both(world: World = world, order: tuple[str, str] = order) -> None:
            await asyncio.gather(
                *(
                    wake(world.ports(time), WakeRequest(wake=time, token=time, slot="poller"))
                    for time in order
                )
            )

        run_virtually(both())
        sent = "\n".join(texts(world))
        for time in (TEN, ELEVEN):
            assert sent.count(f"@{time} was missed") + sent.count("2 times") == 1, sent


def test_a_line_about_several_misses_settles_each_of_them_when_the_cursor_is_recovered() -> None:
    times = (minute(at("09:00")), minute(at("10:00")))
    failed = _log("09:00", RunState.START_FAILED, times[:1], {"hourly@2026-11-20T09:00Z": 1})
    missed = _log("10:30", RunState.MISSED, times, {})
    assert recover([failed, missed]).pending == {}


def _log(time: str, state: RunState, times: tuple[int, ...], pending: dict[str, int]) -> WakeLog:
    seen = f"2026-11-20T{time}:00Z"
    line = RunRecord(name="hourly", times=times, count=len(times), state=state, at=seen)
    return WakeLog(
        wake=f"fc-{time}",
        slot="poller",
        started=seen,
        now=minute(at(time)),
        generation="x",
        through=minute(at(time)),
        pending=pending,
        records=(line,),
    )
