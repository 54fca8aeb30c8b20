"""Wakes: what is due starts once, nothing is lost, and what did not run is said by name."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from reconciler.cron import minute
from reconciler.dispatch.adapters.in_memory import FakeCaller, FakeClock
from reconciler.dispatch.answers import (
    CallState,
    CallStatus,
)
from reconciler.dispatch.decide.due import STEP_SIZE
from reconciler.dispatch.wake.request import NothingAppliedError, UnknownScheduleError, WakeRequest
from reconciler.dispatch.wake.wake import CALLS_WATCHED, wake
from reconciler.model.cursor import CURSOR_KEY
from reconciler.model.runs_file import RunState
from reconciler.policies import Catchup, Overlap
from tests.dispatch.scenario import Killed, World, at, hourly, lines


def test_a_due_occurrence_is_started_with_its_arguments() -> None:
    world = World()
    world.live(hourly(args={"id": "${occurrence.id}", "n": [1, "${occurrence.time}", "$${x}"]}))
    log = world.wake("09:00")
    assert lines(log, RunState.STARTED) == ["hourly@09:00"]
    (call,) = world.caller.calls
    assert (call.app, call.function) == ("shop", "sync")
    assert call.args == {
        "id": "hourly@2026-11-20T09:00Z",
        "n": [1, "2026-11-20T09:00Z", "${x}"],
    }


def test_a_second_wake_in_the_same_minute_starts_nothing_again() -> None:
    world = World()
    world.live(hourly())
    world.wake("09:00")
    world.claims.entries.pop(CURSOR_KEY)
    world.wake("09:00")
    assert len(world.caller.calls) == 1


def test_simultaneous_wakes_start_each_occurrence_once() -> None:
    world = World()
    world.live(*(hourly(f"h{number}") for number in range(20)))

    async def both() -> None:
        requests = [
            WakeRequest(wake=f"fc-{number}", token=str(number), slot="poller")
            for number in range(4)
        ]
        await asyncio.gather(*(wake(world.ports("09:00"), request) for request in requests))

    asyncio.run(both())
    assert len(world.caller.calls) == 20


def test_an_occurrence_at_1459_is_found_by_a_wake_at_1500() -> None:
    world = World()
    world.live(hourly(when=("59 14 * * *",)))
    world.wake("14:58")
    assert lines(world.wake("15:00"), RunState.STARTED) == ["hourly@14:59"]


def test_a_new_schedule_does_not_run_for_times_before_it_was_applied() -> None:
    world = World()
    world.live(hourly(since="09:00", catchup=Catchup.ALL))
    world.wake("09:30")
    assert world.caller.calls == []
    assert lines(world.wake("10:00"), RunState.STARTED) == ["hourly@10:00"]


@pytest.mark.parametrize(
    ("catchup", "started", "missed"),
    [
        (Catchup.LATEST, ["hourly@12:00"], ["hourly@10:00", "hourly@11:00"]),
        (Catchup.ALL, ["hourly@10:00", "hourly@11:00", "hourly@12:00"], []),
        (Catchup.NONE, [], ["hourly@10:00", "hourly@11:00", "hourly@12:00"]),
    ],
)
def test_after_three_hours_without_a_wake_catchup_decides(
    catchup: Catchup, started: list[str], missed: list[str]
) -> None:
    world = World()
    world.live(hourly(catchup=catchup))
    world.wake("09:00")
    log = world.wake("12:30")
    assert lines(log, RunState.STARTED) == started
    assert lines(log, RunState.MISSED) == missed


def test_a_suspended_schedule_starts_nothing_and_its_occurrences_are_recorded_as_skipped() -> None:
    world = World()
    world.live(hourly(suspended="audit"))
    log = world.wake("09:00", as_if=minute(at("09:00")))
    assert lines(log, RunState.SKIPPED) == ["hourly@09:00"]
    assert world.caller.calls == []


def test_what_was_excluded_does_not_run_when_the_exclusion_is_lifted_later() -> None:
    world = World()
    world.live(hourly(exclude=("2026-11-20",)))
    log = world.wake("09:00")
    assert lines(log, RunState.SKIPPED) == ["hourly@09:00"]
    world.live(hourly(catchup=Catchup.ALL))
    log = world.wake("10:00")
    assert lines(log, RunState.STARTED) == ["hourly@10:00"]
    assert len(world.caller.calls) == 1


def test_a_task_runs_once() -> None:
    world = World()
    world.live(hourly("once", when=(), at=minute(at("09:17"))))
    assert lines(world.wake("09:16"), RunState.STARTED) == []
    assert lines(world.wake("09:20"), RunState.STARTED) == ["once@09:17"]
    assert lines(world.wake("09:21"), RunState.STARTED) == []


def test_how_a_call_ended_is_written_down_by_a_later_wake_once() -> None:
    world = World()
    world.live(hourly())
    world.wake("09:00")
    world.caller.statuses["fc-1"] = CallStatus(CallState.FAILED, reason="ValueError: no rows")
    log = world.wake("09:05")
    assert [(r.occurrence.id, r.state, r.reason) for r in log.records] == [
        ("hourly@2026-11-20T09:00Z", RunState.FAILED, "ValueError: no rows")
    ]
    assert world.wake("09:10").records == ()


def test_a_wake_as_if_serves_its_minute_alone_and_leaves_the_cursor() -> None:
    world = World()
    world.live(hourly())
    world.wake("09:00")
    log = world.wake("09:30", as_if=minute(at("14:00")))
    assert lines(log, RunState.STARTED) == ["hourly@14:00"]
    assert lines(world.wake("10:00"), RunState.STARTED) == ["hourly@10:00"]
    world.wake("14:00")
    assert len(world.caller.calls) == 3, "the one at 14:00 had run already"


@pytest.mark.parametrize("policy", [{"suspended": ""}, {"exclude": ("2026-11-20",)}])
def test_what_was_triggered_and_had_to_wait_is_no_more_suspended_than_before(
    policy: dict[str, Any],
) -> None:
    world = World()
    world.live(hourly(overlap=Overlap.QUEUE, **policy))
    world.wake("08:41", trigger="hourly")
    assert lines(world.wake("08:42", trigger="hourly"), RunState.QUEUED) == ["hourly@08:42"]
    assert world.wake("08:43").records == ()
    world.end(1, CallState.SUCCEEDED)
    log = world.wake("09:00")
    assert lines(log, RunState.STARTED) == ["hourly@08:42"]
    assert lines(log, RunState.SKIPPED) == ["hourly@09:00"]
    assert "triggered" not in world.claims.entries["cursor"]


@dataclass
class SlowCaller(FakeCaller):
    """Takes a second to say how a call stands."""

    clock: FakeClock = field(default_factory=lambda: FakeClock(at("23:30")))

    async def status(self, call: str) -> CallStatus:
        self.clock.time += timedelta(seconds=1)
        return await super().status(call)


def test_as_many_ends_are_seen_as_there_are_starts() -> None:
    world = World()
    world.live(*(hourly(f"job-{number}") for number in range(2 * CALLS_WATCHED + 1)))
    world.wake("09:00")
    for call in world.caller.calls:
        world.caller.statuses[call.id] = CallStatus(CallState.SUCCEEDED)
    assert len(lines(world.wake("09:30"), RunState.SUCCEEDED)) == 2 * CALLS_WATCHED + 1
    assert world.claims.entries["cursor"]["calls"] == {}


def test_the_calls_of_one_schedule_that_do_not_end_hide_no_end_of_another() -> None:
    world = World(caller=SlowCaller())
    world.live(hourly("stuck", when=("* * * * *",), catchup=Catchup.ALL), hourly())
    world.wake(f"{8 + (CALLS_WATCHED + STEP_SIZE) // 60 + 1}:00")
    calls = {entry["call"]: key for key, entry in world.claims.entries.items() if "call" in entry}
    assert len(calls) > CALLS_WATCHED
    last = next(call for call, key in reversed(calls.items()) if key.startswith("hourly@"))
    world.caller.statuses[last] = CallStatus(CallState.SUCCEEDED)
    assert isinstance(world.caller, SlowCaller)
    ports = replace(world.ports("23:30"), clock=world.caller.clock)
    assert lines(world.wake("23:30", ports), RunState.SUCCEEDED)
    asked = world.caller.clock.now() - at("23:30")
    assert asked == timedelta(seconds=CALLS_WATCHED), "what takes long is left to the next wake"


def test_a_trigger_starts_the_named_schedule_now_also_when_it_is_suspended() -> None:
    world = World()
    world.live(hourly("paused", suspended=""), hourly())
    log = world.wake("09:17", trigger="paused")
    assert lines(log, RunState.STARTED) == ["paused@09:17"]


def test_a_trigger_of_an_unknown_schedule_says_so() -> None:
    world = World()
    world.live(hourly())
    with pytest.raises(UnknownScheduleError, match="nobody"):
        world.wake("09:17", trigger="nobody")


def test_before_the_first_apply_there_is_nothing_to_serve() -> None:
    with pytest.raises(NothingAppliedError):
        World().wake("09:00")


def test_a_long_backlog_is_worked_off_in_steps_of_which_each_is_kept() -> None:
    world = World()
    world.live(hourly("minutely", when=("* * * * *",), catchup=Catchup.ALL, args={}))
    world.wake("08:31")

    @dataclass
    class DyingLater(FakeCaller):
        async def start(self, app: str, function: str, args: Mapping[str, Any]) -> str:
            if len(self.calls) == STEP_SIZE + 20:
                raise Killed
            return await super().start(app, function, args)

    dying = DyingLater()
    with pytest.raises(Killed):
        world.wake("17:31", replace(world.ports("17:31"), caller=dying))
    assert world.claims.entries[CURSOR_KEY]["through"] == "2026-11-20T11:51Z"
    log = world.wake("17:41")
    assert len(dying.calls) + len(world.caller.calls) >= 9 * 60
    assert len({part.path for part in world.log.logs}) == len(world.log.logs)
    assert log.through == minute(at("17:41"))
