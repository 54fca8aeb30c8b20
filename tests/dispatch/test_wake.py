"""Wakes: what is due starts once, nothing is lost, and what did not run is said by name."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from reconciler.cron import minute
from reconciler.dispatch.answers import (
    CallState,
    CallStatus,
    Entry,
    NotStartedError,
    StartUnknownError,
    UnavailableError,
)
from reconciler.dispatch.at_once import AT_ONCE
from reconciler.dispatch.cursor import CURSOR_KEY, MEASURED
from reconciler.dispatch.fakes import FakeCaller, FakeClaims, FakeClock
from reconciler.dispatch.runs import RunState
from reconciler.dispatch.start import ATTEMPT_LIMIT
from reconciler.dispatch.steps import STEP_SIZE
from reconciler.dispatch.wake import (
    CALLS_WATCHED,
    NothingAppliedError,
    UnknownScheduleError,
    WakeRequest,
    wake,
)
from reconciler.policies import Catchup, Delivery, Overlap
from tests.dispatch.scenario import World, at, hourly, lines


class Killed(BaseException):
    """The container is gone."""


@dataclass
class DyingCaller(FakeCaller):
    """A container that is killed when it comes to spawn, or right after."""

    after: bool = False

    async def start(self, app: str, function: str, args: Mapping[str, Any]) -> str:
        if self.after:
            await super().start(app, function, args)
        raise Killed


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


def killed_between_claim_and_spawn(world: World, *, spawned: bool = False) -> None:
    ports = replace(world.ports("09:00"), caller=DyingCaller(after=spawned))
    with pytest.raises(Killed):
        world.wake("09:00", ports)


def test_a_wake_killed_between_claim_and_spawn_is_made_good_under_at_least_once() -> None:
    world = World()
    world.live(hourly())
    killed_between_claim_and_spawn(world)
    log = world.wake("09:10")
    assert lines(log, RunState.STARTED) == ["hourly@09:00"]
    assert [record.attempt for record in log.records] == [2]
    assert len(world.caller.calls) == 1


def test_a_live_claim_is_left_alone_and_looked_at_again_once_its_lease_is_over() -> None:
    world = World()
    world.live(hourly())
    killed_between_claim_and_spawn(world)
    assert world.wake("09:01").unsettled == {"hourly@2026-11-20T09:00Z": 1}
    assert world.caller.calls == []
    assert lines(world.wake("09:10"), RunState.STARTED) == ["hourly@09:00"]
    assert lines(world.wake("09:20"), RunState.STARTED) == []


def test_a_container_restarted_on_the_same_call_knows_that_its_former_self_is_dead() -> None:
    world = World()
    world.live(hourly())
    killed_between_claim_and_spawn(world)
    log = world.wake("09:00", wake="fc-wake-1")
    assert lines(log, RunState.STARTED) == ["hourly@09:00"]


def test_a_wake_killed_between_claim_and_spawn_is_reported_missed_under_at_most_once() -> None:
    world = World()
    world.live(hourly(delivery=Delivery.AT_MOST_ONCE))
    killed_between_claim_and_spawn(world)
    log = world.wake("09:10")
    assert lines(log, RunState.MISSED) == ["hourly@09:00"]
    assert log.records[0].reason == (
        "wake fc-wake-1 claimed it and ended before it confirmed a start; delivery is at-most-once"
    )
    world.wake("09:20")
    assert world.caller.calls == []


def test_an_older_claim_of_a_dead_wake_is_taken_over_though_a_newer_occurrence_is_due() -> None:
    world = World()
    world.live(hourly(catchup=Catchup.LATEST))
    killed_between_claim_and_spawn(world)
    log = world.wake("10:00")
    assert sorted(lines(log, RunState.STARTED)) == ["hourly@09:00", "hourly@10:00"]


def test_a_takeover_respects_the_deadline() -> None:
    world = World()
    world.live(hourly(deadline=1800))
    killed_between_claim_and_spawn(world)
    log = world.wake("09:40")
    assert lines(log, RunState.MISSED) == ["hourly@09:00"]
    assert world.caller.calls == []


@pytest.mark.parametrize("overlap", [Overlap.SKIP, Overlap.QUEUE, Overlap.REPLACE])
def test_what_a_dead_wake_had_claimed_and_is_too_late_holds_up_no_later_occurrence(
    overlap: Overlap,
) -> None:
    world = World()
    every_half_hour = ("0,30 * * * *",)
    world.live(hourly(when=every_half_hour, deadline=1800, overlap=overlap))
    killed_between_claim_and_spawn(world)
    log = world.wake("09:35")
    assert lines(log, RunState.MISSED) == ["hourly@09:00"]
    assert lines(log, RunState.STARTED) == ["hourly@09:30"]


@dataclass
class BusyClaims(FakeClaims):
    """Counts how many claims are under way at the same time."""

    under_way: int = 0
    most: int = 0

    async def put_new(self, key: str, entry: Entry) -> bool:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await asyncio.sleep(0)
        self.under_way -= 1
        return await super().put_new(key, entry)


@pytest.mark.parametrize("overlap", [Overlap.ALLOW, Overlap.SKIP])
def test_what_many_schedules_have_missed_is_claimed_side_by_side(overlap: Overlap) -> None:
    """One after the other it would take longer than a wake lives."""
    world = World()
    world.live(*(hourly(f"s{n}", catchup=Catchup.NONE, overlap=overlap) for n in range(50)))
    busy = BusyClaims()
    log = world.wake("09:30", replace(world.ports("09:30"), claims=busy))
    assert len(lines(log, RunState.MISSED)) == 50
    assert busy.most == AT_ONCE


@dataclass
class RefusingClaims(FakeClaims):
    """The Dict answers, but for what is claimed."""

    async def put_new(self, _key: str, _entry: Entry) -> bool:
        raise UnavailableError("throttled")


@pytest.mark.parametrize("overlap", list(Overlap))
def test_what_a_wake_in_time_could_not_claim_respects_the_deadline(overlap: Overlap) -> None:
    world = World()
    world.live(hourly(deadline=1800, overlap=overlap))
    throttled = RefusingClaims(world.claims.entries)
    world.wake("09:00", replace(world.ports("09:00"), claims=throttled))
    log = world.wake("09:40")
    assert lines(log, RunState.MISSED) == ["hourly@09:00"]
    assert "its deadline of 30m was over" in (log.records[0].reason or "")
    assert world.caller.calls == []


def test_a_wake_as_if_it_were_earlier_counts_the_deadline_from_then() -> None:
    world = World()
    world.live(hourly(deadline=1800, overlap=Overlap.QUEUE))
    log = world.wake("11:40", as_if=minute(at("09:00")))
    assert lines(log, RunState.STARTED) == ["hourly@09:00"]


def test_one_failing_occurrence_stops_no_other_and_is_tried_again() -> None:
    world = World()
    world.live(hourly("bad", function="gone"), hourly("good"))
    world.caller.missing.add("shop/gone")
    log = world.wake("09:00")
    assert lines(log, RunState.STARTED) == ["good@09:00"]
    assert lines(log, RunState.START_FAILED) == ["bad@09:00"]
    world.caller.missing.clear()
    again = world.wake("09:05")
    assert lines(again, RunState.STARTED) == ["bad@09:00"]
    assert again.records[0].attempt == 2


def test_a_start_that_keeps_failing_is_given_up_as_missed_with_its_error() -> None:
    world = World()
    world.live(hourly("bad", function="gone", when=("0 9 * * *",)))
    world.caller.missing.add("shop/gone")
    logs = [world.wake(f"09:{number:02}") for number in range(ATTEMPT_LIMIT)]
    assert lines(logs[-1], RunState.MISSED) == ["bad@09:00"]
    assert logs[-1].records[0].reason == "given up: there is no function shop/gone"
    assert world.wake("09:40").records == ()


@dataclass
class UncertainCaller(FakeCaller):
    """Starts the call, and then says that it failed."""

    async def start(self, app: str, function: str, args: Mapping[str, Any]) -> str:
        await super().start(app, function, args)
        raise StartUnknownError("timed out")


@pytest.mark.parametrize(
    ("delivery", "starts"), [(Delivery.AT_LEAST_ONCE, 2), (Delivery.AT_MOST_ONCE, 1)]
)
def test_a_start_of_unknown_outcome_is_repeated_or_reported_as_delivery_says(
    delivery: Delivery, starts: int
) -> None:
    world = World()
    world.live(hourly(delivery=delivery))
    uncertain = UncertainCaller()
    log = world.wake("09:00", replace(world.ports("09:00"), caller=uncertain))
    missed = lines(log, RunState.MISSED)
    assert missed == ([] if delivery is Delivery.AT_LEAST_ONCE else ["hourly@09:00"])
    world.wake("09:10")
    assert len(uncertain.calls) + len(world.caller.calls) == starts


@dataclass
class UnreachedCaller(FakeCaller):
    """Fails on the way to the first start."""

    reached: bool = False

    async def start(self, app: str, function: str, args: Mapping[str, Any]) -> str:
        if not self.reached:
            self.reached = True
            raise NotStartedError("timed out")
        return await super().start(app, function, args)


@pytest.mark.parametrize("delivery", Delivery)
def test_what_is_known_not_to_have_started_is_tried_again_whatever_delivery_says(
    delivery: Delivery,
) -> None:
    world = World()
    world.live(hourly(delivery=delivery))
    world.caller = UnreachedCaller()
    assert lines(world.wake("09:00"), RunState.START_FAILED) == ["hourly@09:00"]
    assert lines(world.wake("09:01"), RunState.STARTED) == ["hourly@09:00"]
    assert len(world.caller.calls) == 1


@dataclass
class LossyClaims(FakeClaims):
    """The first answer to a put is lost, and the client sends it again."""

    async def put_new(self, key: str, entry: Entry) -> bool:
        await super().put_new(key, entry)
        return False


def test_an_own_claim_whose_answer_was_lost_is_recognised_by_its_token() -> None:
    world = World()
    world.live(hourly())
    log = world.wake("09:00", replace(world.ports("09:00"), claims=LossyClaims()))
    assert lines(log, RunState.STARTED) == ["hourly@09:00"]


@dataclass
class UnconfirmedClaims(FakeClaims):
    """Stores claims, and fails to store what follows."""

    async def put(self, key: str, entry: Entry) -> None:
        if entry.get("state") == "started":
            raise UnavailableError("timed out")
        await super().put(key, entry)


def test_a_start_that_could_not_be_confirmed_is_not_repeated() -> None:
    world = World(claims=UnconfirmedClaims())
    world.live(hourly())
    assert lines(world.wake("09:00"), RunState.STARTED) == ["hourly@09:00"]
    world.wake("09:10")
    assert len(world.caller.calls) == 1


def test_the_history_is_whole_though_a_wake_died_before_it_wrote_its_runs_file() -> None:
    world = World()
    world.live(hourly())

    class DyingLog:
        async def write(self, _log: object) -> None:
            raise Killed

        recent = world.log.recent

    with pytest.raises(Killed):
        world.wake("09:00", replace(world.ports("09:00"), log=DyingLog()))
    log = world.wake("09:05")
    assert lines(log, RunState.STARTED) == ["hourly@09:00"]
    assert len(world.caller.calls) == 1


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


def test_without_the_cursor_the_runs_files_tell_where_to_go_on() -> None:
    world = World()
    world.live(hourly(catchup=Catchup.ALL))
    world.wake("09:00")
    world.claims.entries.clear()
    assert lines(world.wake("11:00"), RunState.STARTED) == ["hourly@10:00", "hourly@11:00"]


def test_without_the_cursor_open_calls_are_still_followed_to_their_end() -> None:
    world = World()
    world.live(hourly())
    world.wake("09:00")
    world.claims.entries.pop(CURSOR_KEY)
    world.caller.statuses["fc-1"] = CallStatus(CallState.SUCCEEDED, result="42")
    assert [record.result for record in world.wake("09:05").records] == ["42"]


def test_a_late_write_of_an_older_cursor_loses_nothing() -> None:
    world = World()
    world.live(hourly())
    world.wake("09:00")
    older = world.claims.entries[CURSOR_KEY]
    world.wake("10:00")
    world.claims.entries[CURSOR_KEY] = older
    world.wake("11:00")
    assert [key for key in world.started() if "T1" in key] == [
        "hourly@2026-11-20T10:00Z",
        "hourly@2026-11-20T11:00Z",
    ]
    assert len(world.caller.calls) == 3


def test_a_clock_that_was_ahead_for_a_while_loses_nothing() -> None:
    world = World()
    world.live(hourly())
    world.wake("09:00")
    world.wake("18:00")  # the clock of this one is wrong
    world.live(hourly(), hourly("fresh", since="09:30"))
    log = world.wake("10:00")
    assert "fresh@10:00" in lines(log, RunState.STARTED)


def test_a_wake_that_finds_another_generation_looks_again_only_at_what_began_with_it() -> None:
    world = World()
    world.live(hourly())
    world.wake("09:00")
    world.wake("10:00")  # stale: what is below had been applied by then
    world.live(hourly(), hourly("fresh", since="09:30"))
    log = world.wake("10:10")
    assert lines(log, RunState.STARTED) == ["fresh@10:00"]


def test_where_it_is_not_known_what_the_last_wake_had_read_a_day_is_looked_at_again() -> None:
    world = World()
    world.live(hourly(since="09:30"))
    world.wake("10:00")
    cursor = world.claims.entries[CURSOR_KEY]
    del world.claims.entries["hourly@2026-11-20T10:00Z"]
    world.claims.entries[CURSOR_KEY] = {k: v for k, v in cursor.items() if k != "known"}
    world.live(hourly(since="09:30"), hourly("other", since="10:05"))
    assert lines(world.wake("10:10"), RunState.STARTED) == ["hourly@10:00"]


def test_an_at_most_once_occurrence_older_than_a_claim_lives_is_not_started() -> None:
    world = World()
    record = hourly(when=(), at=minute(at("2026-11-10T09:00")), delivery=Delivery.AT_MOST_ONCE)
    world.live(replace(record, anchor=0))
    world.wake("2026-11-09T00:00")
    log = world.wake("2026-11-20T09:00")
    assert world.caller.calls == []
    assert log.records[0].reason == (
        "too old to know that it did not start; delivery is at-most-once"
    )


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


def test_what_was_left_unsettled_for_a_deleted_schedule_is_reported_missed() -> None:
    world = World()
    world.live(hourly(), hourly("other"))
    killed_between_claim_and_spawn(world)
    world.wake("09:01")
    world.live(hourly("other"))
    soon = world.wake("09:10")
    assert lines(soon, RunState.MISSED) == [], "what this wake read may be stale"
    assert lines(world.wake("10:00"), RunState.MISSED) == ["hourly@09:00"]


def test_before_the_first_apply_there_is_nothing_to_serve() -> None:
    with pytest.raises(NothingAppliedError):
        World().wake("09:00")


def test_an_idle_wake_writes_no_runs_file_but_moves_the_cursor() -> None:
    world = World()
    world.live(hourly())
    world.wake("08:45")
    assert world.log.logs == []
    assert world.claims.entries[CURSOR_KEY]["through"] == "2026-11-20T08:45Z"


@dataclass
class SlowClock:
    """A clock on which each look at it takes a second and a half."""

    time: datetime

    def now(self) -> datetime:
        self.time += timedelta(seconds=1.5)
        return self.time


def test_the_cursor_remembers_how_long_the_last_wakes_took() -> None:
    world = World()
    world.live(hourly())
    for number in range(MEASURED + 2):
        time = f"2026-11-21T{number % 24:02}:00"
        world.wake(time, replace(world.ports(time), clock=SlowClock(at(time))))
    assert world.claims.entries[CURSOR_KEY]["took"] == [1.5] * MEASURED


def test_a_wake_for_one_minute_alone_is_not_measured_nor_one_whose_clock_was_set_back() -> None:
    world = World()
    world.live(hourly())
    world.wake("10:00", as_if=minute(at("09:00")))
    world.wake("11:00", replace(world.ports("11:00"), clock=BackwardClock(at("11:00"))))
    assert world.claims.entries[CURSOR_KEY]["took"] == []


@dataclass
class BackwardClock:
    """A clock that is set back all the time, by less than a minute."""

    time: datetime

    def now(self) -> datetime:
        self.time -= timedelta(seconds=0.5)
        return self.time


def test_a_wake_as_if_it_were_earlier_leaves_the_cursor_where_it_was() -> None:
    world = World()
    world.live(hourly())
    world.wake("12:00")
    world.wake("12:10", as_if=minute(at("10:00")))
    assert world.claims.entries[CURSOR_KEY]["through"] == "2026-11-20T12:00Z"


def test_a_schedule_that_an_earlier_wake_did_not_know_of_is_looked_at_from_its_beginning() -> None:
    world = World()
    world.live(hourly())
    world.wake("09:00")
    world.wake("10:05")  # it read what was live before 09:55
    world.live(hourly(), hourly("new", since="09:55"))
    assert "new@10:00" in lines(world.wake("10:10"), RunState.STARTED)


def test_an_occurrence_claimed_by_a_clock_that_was_ahead_waits_for_its_time() -> None:
    world = World()
    world.live(hourly())
    ports = replace(world.ports("18:00"), caller=DyingCaller())
    with pytest.raises(Killed):
        world.wake("18:00", ports)
    world.wake("18:01")
    world.wake("09:30")
    assert [call for call in world.caller.calls if "18:00" in str(call.args)] == []


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
