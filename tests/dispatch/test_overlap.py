"""An occurrence that is due while the last run is still going."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Any

import pytest

from reconciler.cron import minute
from reconciler.dispatch.adapters.in_memory import FakeCaller
from reconciler.dispatch.answers import CallState, CallStatus, UnavailableError
from reconciler.dispatch.wake.request import WakeRequest
from reconciler.dispatch.wake.wake import wake
from reconciler.model.runs_file import RunState
from reconciler.policies import Catchup, Delivery, Overlap
from tests.dispatch.scenario import World, at, hourly, lines

DONE = CallStatus(CallState.SUCCEEDED)


def running_since_nine(overlap: Overlap, **values: Any) -> World:
    world = World()
    world.live(hourly(overlap=overlap, **values))
    world.wake("09:00")
    return world


def test_allow_starts_another() -> None:
    world = running_since_nine(Overlap.ALLOW)
    assert lines(world.wake("10:00"), RunState.STARTED) == ["hourly@10:00"]


def test_skip_lets_it_go_and_says_behind_what() -> None:
    world = running_since_nine(Overlap.SKIP)
    log = world.wake("10:00")
    assert lines(log, RunState.SKIPPED) == ["hourly@10:00"]
    assert log.records[0].reason == "hourly@2026-11-20T09:00Z is still running; overlap is skip"
    world.caller.statuses["fc-1"] = DONE
    world.wake("10:30")
    assert lines(world.wake("11:00"), RunState.STARTED) == ["hourly@11:00"]
    assert len(world.caller.calls) == 2


def test_a_run_is_seen_across_occurrences_that_did_not_run() -> None:
    world = running_since_nine(Overlap.SKIP)
    log = world.wake("12:30")
    assert lines(log, RunState.MISSED) == ["hourly@10:00", "hourly@11:00"]
    assert lines(log, RunState.SKIPPED) == ["hourly@12:00"]


def test_queue_starts_one_when_the_run_has_ended_and_skips_what_comes_meanwhile() -> None:
    world = running_since_nine(Overlap.QUEUE)
    assert lines(world.wake("10:00"), RunState.QUEUED) == ["hourly@10:00"]
    assert world.wake("10:20").records == (), "it waits, and that has been said"
    log = world.wake("11:00")
    assert lines(log, RunState.SKIPPED) == ["hourly@11:00"]
    assert log.records[0].reason == (
        "hourly@2026-11-20T09:00Z is still running and hourly@2026-11-20T10:00Z waits for it; "
        "overlap is queue"
    )
    world.caller.statuses["fc-1"] = DONE
    assert lines(world.wake("11:10"), RunState.STARTED) == ["hourly@10:00"]
    assert lines(world.wake("12:00"), RunState.QUEUED) == ["hourly@12:00"]


def test_behind_a_late_start_that_is_not_confirmed_yet_it_waits_however_late_that_was() -> None:
    """The hour in which it may be settled does not begin before the start itself."""
    world = running_since_nine(Overlap.QUEUE)
    world.claims.entries["hourly@2026-11-20T09:00Z"] = {
        "state": "claimed",
        "token": "another",
        "wake": "another",
        "attempt": "1",
        "until": "2026-11-20T10:35:00Z",
    }
    del world.claims.entries["running/hourly"]
    assert lines(world.wake("10:30"), RunState.STARTED) == []
    assert len(world.caller.calls) == 1


def test_what_waits_in_the_queue_beyond_its_deadline_is_missed() -> None:
    world = running_since_nine(Overlap.QUEUE, deadline=1800)
    world.wake("10:00")
    log = world.wake("10:40")
    assert lines(log, RunState.MISSED) == ["hourly@10:00"]
    assert log.records[0].reason == (
        "waited for an earlier run, or could not be started, until its deadline of 30m was over"
    )


def test_what_waited_in_vain_leaves_its_place_to_the_next() -> None:
    world = running_since_nine(Overlap.QUEUE, deadline=1800)
    world.wake("10:00")
    assert lines(world.wake("10:31"), RunState.MISSED) == ["hourly@10:00"]
    assert lines(world.wake("11:00"), RunState.QUEUED) == ["hourly@11:00"]
    log = world.wake("11:20", trigger="hourly")
    assert lines(log, RunState.SKIPPED) == ["hourly@11:20"]
    assert log.records[0].reason == (
        "hourly@2026-11-20T09:00Z is still running and hourly@2026-11-20T11:00Z waits for it; "
        "overlap is queue"
    )
    world.caller.statuses["fc-1"] = DONE
    assert lines(world.wake("11:25"), RunState.STARTED) == ["hourly@11:00"]


def test_what_was_suspended_while_it_waited_leaves_its_place_to_the_next() -> None:
    world = running_since_nine(Overlap.QUEUE)
    world.wake("10:00")
    world.live(hourly(overlap=Overlap.QUEUE, suspended=""))
    assert lines(world.wake("10:30"), RunState.SKIPPED) == ["hourly@10:00"]
    world.live(hourly(overlap=Overlap.QUEUE, since="10:40"))
    assert lines(world.wake("11:00"), RunState.QUEUED) == ["hourly@11:00"]


def test_replace_cancels_the_run_and_starts() -> None:
    world = running_since_nine(Overlap.REPLACE)
    log = world.wake("10:00")
    assert lines(log, RunState.STARTED) == ["hourly@10:00"]
    assert log.records[0].reason == "replaced hourly@2026-11-20T09:00Z, still running"
    assert world.caller.statuses["fc-1"].state is CallState.CANCELLED


@dataclass
class CancellingUnheard(FakeCaller):
    """Does not answer the first cancellation.

    Attributes:
        done: it has cancelled all the same.
    """

    done: bool = False
    heard: bool = False

    async def cancel(self, call: str) -> None:
        first, self.heard = not self.heard, True
        if self.done or not first:
            await super().cancel(call)
        if first:
            raise UnavailableError("timed out")


FAILING: list[FakeCaller] = [
    FakeCaller(unreached=1),
    CancellingUnheard(),
    CancellingUnheard(done=True),
]


@pytest.mark.parametrize("delivery", Delivery)
@pytest.mark.parametrize("caller", FAILING, ids=["not started", "not cancelled", "cancelled"])
def test_what_was_cancelled_for_a_start_that_failed_is_replaced_by_the_next_attempt(
    delivery: Delivery, caller: FakeCaller
) -> None:
    world = running_since_nine(Overlap.REPLACE, delivery=delivery)
    world.caller = replace(caller, calls=world.caller.calls, statuses={})
    log = world.wake("10:00")
    assert lines(log, RunState.START_FAILED) == ["hourly@10:00"]
    assert log.records[0].reason == "timed out"
    log = world.wake("10:01")
    assert lines(log, RunState.STARTED) == ["hourly@10:00"]
    assert log.records[0].reason == "replaced hourly@2026-11-20T09:00Z, still running"
    assert world.caller.statuses["fc-1"].state is CallState.CANCELLED
    assert world.started() == ["hourly@2026-11-20T09:00Z", "hourly@2026-11-20T10:00Z"]


def test_a_run_that_a_person_cancelled_is_not_said_to_be_replaced() -> None:
    world = running_since_nine(Overlap.REPLACE)
    world.caller.statuses["fc-1"] = CallStatus(CallState.CANCELLED)
    assert world.wake("10:00").records[0].reason is None


def test_simultaneous_wakes_agree_though_several_occurrences_are_due() -> None:
    world = World()
    world.live(hourly(overlap=Overlap.SKIP, catchup=Catchup.ALL))

    async def both() -> None:
        requests = [
            WakeRequest(wake=f"fc-w{number}", token=str(number), slot="poller")
            for number in range(3)
        ]
        await asyncio.gather(*(wake(world.ports("11:00"), request) for request in requests))

    asyncio.run(both())
    assert world.started() == ["hourly@2026-11-20T09:00Z"]


def test_a_trigger_starts_though_a_run_is_going() -> None:
    world = running_since_nine(Overlap.ALLOW)
    assert lines(world.wake("09:17", trigger="hourly"), RunState.STARTED) == ["hourly@09:17"]


def test_what_ran_under_the_old_name_does_not_run_again_under_the_new() -> None:
    world = World()
    world.live(hourly("old", catchup=Catchup.ALL))
    world.wake("10:00")
    record = hourly("new", catchup=Catchup.ALL, formerly=(("old", minute(at("10:15"))),))
    world.live(record)
    world.claims.entries.pop("cursor")
    world.log.logs.clear()
    world.wake("11:00")
    assert world.started() == [
        "new@2026-11-20T11:00Z",
        "old@2026-11-20T09:00Z",
        "old@2026-11-20T10:00Z",
    ]
    assert len(world.caller.calls) == 3


def test_a_run_is_seen_under_the_old_name_across_occurrences_that_did_not_run() -> None:
    world = running_since_nine(Overlap.SKIP)
    world.wake("10:00")
    new = hourly("new", overlap=Overlap.SKIP, formerly=(("hourly", minute(at("10:15"))),))
    world.live(new)
    log = world.wake("11:00")
    (skipped,) = [line for line in log.records if line.name == "new"]
    assert skipped.state is RunState.SKIPPED
    assert "hourly@2026-11-20T09:00Z is still running" in (skipped.reason or "")


def test_another_schedule_that_took_over_the_old_name_is_not_waited_for() -> None:
    world = World()
    reused = hourly("old", overlap=Overlap.SKIP, since="10:30")
    renamed = hourly("new", overlap=Overlap.SKIP, formerly=(("old", minute(at("10:15"))),))
    world.live(reused)
    world.wake("11:00")
    world.live(reused, renamed)
    assert "new@12:00" in lines(world.wake("12:00"), RunState.STARTED)


@pytest.mark.parametrize("overlap", [Overlap.SKIP, Overlap.QUEUE, Overlap.REPLACE])
def test_what_has_started_stays_so_when_overlap_is_no_longer_allowed(overlap: Overlap) -> None:
    world = World()
    world.live(hourly())
    world.wake("09:00")
    world.wake("10:00")
    world.live(hourly(overlap=overlap))
    world.log.logs.clear()  # only the claim says so
    log = world.wake("10:05", as_if=minute(at("10:00")))
    assert [(line.state, line.call) for line in log.records] == [(RunState.STARTED, "fc-2")]
    assert [key for key in world.claims.entries if key.startswith("queue/")] == []
    assert world.caller.statuses == {}


def test_the_first_place_in_a_queue_bears_the_name_that_older_wakes_know() -> None:
    world = World()
    world.live(hourly(overlap=Overlap.QUEUE))
    world.wake("09:00")
    world.wake("10:00")
    assert world.claims.entries["queue/fc-1"] == {"occurrence": "hourly@2026-11-20T10:00Z"}
