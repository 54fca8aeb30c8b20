"""``wake --at`` asks the history: what is settled is not started again, and nobody is notified."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.alerts import Alerts
from reconciler.cron import minute
from reconciler.dispatch.adapters.in_memory import FakeRunLog
from reconciler.dispatch.answers import CallState, UnavailableError
from reconciler.model.runs_file import ReadLogs, RunRecord, RunState, decode_wake_log
from reconciler.policies import Catchup, Delivery
from tests.dispatch.alarm_scenario import rule, texts
from tests.dispatch.scenario import World, at, hourly, lines

NINE = minute(at("09:00"))
DELIVERIES = pytest.mark.parametrize("delivery", Delivery)


def idle(world: World) -> None:
    """Seven days without a wake: every entry of the Dict has died."""
    world.claims.entries.clear()


def ended(world: World, state: CallState) -> None:
    world.wake("09:00")
    world.end(1, state, "ValueError")
    world.wake("09:10")


@DELIVERIES
@pytest.mark.parametrize("state", [CallState.SUCCEEDED, CallState.FAILED, CallState.CANCELLED])
@pytest.mark.parametrize("time", ["09:20", "2026-11-22T12:00", "2026-12-12T12:00"])
def test_a_run_that_ended_is_named_and_not_repeated(
    delivery: Delivery, state: CallState, time: str
) -> None:
    world = World()
    world.live(hourly(when=("0 9 20 11 *",), delivery=delivery), alerts=Alerts(rule()))
    ended(world, state)
    told, logs = texts(world), len(world.log.logs)
    idle(world)
    log = world.wake(time, as_if=NINE)
    assert log.records == ()
    assert [(line.occurrence.at, line.state.value, line.call) for line in log.before] == [
        (NINE, state.value, "fc-1")
    ]
    assert decode_wake_log(log.encode(), "the answer").before == log.before
    assert len(world.caller.calls) == 1
    assert (texts(world), len(world.log.logs)) == (told, logs)


@DELIVERIES
def test_a_run_that_goes_on_is_not_started_beside_it(delivery: Delivery) -> None:
    world = World()
    world.live(hourly(delivery=delivery))
    world.wake("09:00")
    idle(world)
    assert [line.state for line in world.wake("09:20", as_if=NINE).before] == [RunState.STARTED]
    assert len(world.caller.calls) == 1


@pytest.mark.parametrize("minutes", [150, 900], ids=["one line", "several lines"])
def test_of_many_misses_also_one_without_a_claim_stays_missed(minutes: int) -> None:
    world = World()
    every = hourly(when=("* * * * *",), since="00:00", catchup=Catchup.LATEST)
    world.live(every, alerts=Alerts(rule()))
    world.wake("00:01")
    now = f"{minutes // 60:02}:{minutes % 60:02}"
    assert len(lines(world.wake(now), RunState.STARTED)) == 1
    told, calls = texts(world), len(world.caller.calls)
    asked = minute(at("00:20"))
    assert "hourly@2026-11-20T00:20Z" not in world.claims.entries
    (line,) = world.wake(now, as_if=asked).before
    assert (line.state, line.times) == (RunState.MISSED, (asked,))
    assert line.reason
    assert (texts(world), len(world.caller.calls)) == (told, calls)


@pytest.mark.parametrize("time", ["03:00", "05:00", "08:00"])
def test_a_miss_that_an_old_line_counts_without_spelling_it_out_stays_missed(time: str) -> None:
    world = World()
    world.live(hourly(since="02:30"))
    log = world.wake("08:40")
    first, newest = minute(at("03:00")), minute(at("08:00"))
    cut = RunRecord(
        name="hourly", times=(first, newest), count=6, state=RunState.MISSED, at=log.started
    )
    world.log.logs[:] = [replace(log, records=(cut,))]
    idle(world)
    asked = minute(at(time))
    (line,) = world.wake("08:50", as_if=asked).before
    assert (line.state, line.times, line.count) == (RunState.MISSED, (asked,), 1)


def test_what_was_skipped_stays_skipped_when_its_claim_has_died() -> None:
    world = World()
    world.live(hourly(suspended="moving house"))
    world.wake("09:00")
    idle(world)
    world.live(hourly())
    assert [line.state for line in world.wake("09:20", as_if=NINE).before] == [RunState.SKIPPED]
    assert world.caller.calls == []


def test_what_ran_under_an_earlier_name_does_not_run_under_the_new_one() -> None:
    world = World()
    world.live(hourly("old"))
    world.wake("09:00")
    idle(world)
    world.live(hourly("new", formerly=(("old", minute(at("09:30"))),)))
    (line,) = world.wake("09:40", as_if=NINE).before
    assert line.name == "old"
    assert len(world.caller.calls) == 1


def test_what_could_not_be_started_is_started() -> None:
    world = World()
    world.live(hourly(function="gone"))
    world.caller.missing.add("shop/gone")
    assert lines(world.wake("09:00"), RunState.START_FAILED) == ["hourly@09:00"]
    idle(world)
    world.caller.missing.clear()
    assert lines(world.wake("09:20", as_if=NINE), RunState.STARTED) == ["hourly@09:00"]


def test_what_the_history_does_not_name_is_started() -> None:
    world = World()
    world.live(hourly(), hourly("other", since="09:30"))
    world.wake("10:00")
    world.live(hourly(), hourly("late"))
    log = world.wake("10:05", as_if=minute(at("10:00")))
    assert lines(log, RunState.STARTED) == ["late@10:00"]
    assert [line.name for line in log.before] == ["hourly"]


class Unavailable(FakeRunLog):
    """A Volume that cannot be read."""

    async def recent(self, *_: object) -> ReadLogs:
        raise UnavailableError("the Volume does not answer")


def test_without_the_history_nothing_is_started() -> None:
    world = World(log=Unavailable())
    world.live(hourly())
    with pytest.raises(UnavailableError):
        world.wake("09:20", as_if=NINE)
    assert (world.caller.calls, world.claims.entries) == ([], {})
