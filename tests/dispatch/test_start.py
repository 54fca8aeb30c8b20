"""One occurrence, from its claim to its call: what is in doubt, what fails, what is too late."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from reconciler.cron import minute
from reconciler.dispatch.adapters.at_once import AT_ONCE
from reconciler.dispatch.adapters.in_memory import FakeCaller, FakeClaims, FakeRunLog
from reconciler.dispatch.answers import StartUnknownError, UnavailableError
from reconciler.dispatch.wake.start import CONFIRMATIONS
from reconciler.model.claim import WAKE_TIMEOUT
from reconciler.model.cursor import CURSOR_KEY
from reconciler.model.formats import Entry
from reconciler.model.runs_file import RunState, WakeLog
from reconciler.policies import Catchup, Delivery, Overlap
from tests.dispatch.scenario import Killed, World, at, hourly, lines

WAITED = "waited for an earlier run, or could not be started,"


@dataclass
class DyingCaller(FakeCaller):
    """A container that is killed when it comes to spawn, or right after."""

    after: bool = False

    async def start(self, app: str, function: str, args: Mapping[str, Any]) -> str:
        if self.after:
            await super().start(app, function, args)
        raise Killed


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
    assert world.wake("09:01").pending == {"hourly@2026-11-20T09:00Z": 1}
    assert world.caller.calls == []
    assert lines(world.wake("09:10"), RunState.STARTED) == ["hourly@09:00"]
    assert lines(world.wake("09:20"), RunState.STARTED) == []


def test_a_claim_is_left_alone_for_as_long_as_modal_lets_its_wake_run_and_half_a_minute() -> None:
    world = World()
    world.live(hourly())
    killed_between_claim_and_spawn(world)
    lease = WAKE_TIMEOUT + timedelta(seconds=30)
    assert (lease, world.wake("09:05:30").records) == (timedelta(seconds=330), ())
    assert lines(world.wake("09:05:31"), RunState.STARTED) == ["hourly@09:00"]


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

    async def put_new(self, key: str, entry: Entry) -> bool:
        if key.startswith(CURSOR_KEY):
            return await super().put_new(key, entry)
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


def test_all_that_could_not_be_started_is_tried_again_by_the_next_wake() -> None:
    world = World()
    names = ["a", "b", "c"]
    world.live(*map(hourly, names))
    world.caller = FakeCaller(unreached=len(names))
    world.wake("09:00")
    assert lines(world.wake("09:05"), RunState.STARTED) == [f"{name}@09:00" for name in names]


def test_a_start_that_keeps_failing_is_given_up_as_missed_with_its_error() -> None:
    world = World()
    world.live(hourly("bad", function="gone", when=("0 9 * * *",)))
    world.caller.missing.add("shop/gone")
    logs = [world.wake(f"09:{number:02}") for number in range(20)]
    assert not any(lines(log, RunState.MISSED) for log in logs[:-1])
    assert world.claims.entries[CURSOR_KEY]["calls"] == {}
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


@pytest.mark.parametrize("delivery", Delivery)
def test_what_is_known_not_to_have_started_is_tried_again_whatever_delivery_says(
    delivery: Delivery,
) -> None:
    world = World()
    world.live(hourly(delivery=delivery))
    world.caller.unreached = 1
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


@dataclass
class Dying(FakeRunLog):
    """The container is gone when it comes to write."""

    async def write(self, _log: WakeLog) -> None:
        raise Killed


@dataclass
class Hesitant(FakeClaims):
    """Refuses confirmations at first.

    Attributes:
        refusals: how many are left.
    """

    refusals: int = field(kw_only=True)

    async def put(self, key: str, entry: Entry) -> None:
        if entry.get("state") == "started" and self.refusals:
            self.refusals -= 1
            raise UnavailableError("timed out")
        await super().put(key, entry)


def test_a_confirmation_is_tried_three_times_in_all() -> None:
    for refusals, state in ((2, "started"), (3, "claimed")):
        world = World(claims=Hesitant(refusals=refusals))
        world.live(hourly())
        world.wake("09:00")
        assert world.claims.entries["hourly@2026-11-20T09:00Z"]["state"] == state
    assert CONFIRMATIONS == 3


@pytest.mark.parametrize(
    ("policy", "state", "time", "reason"),
    [
        (
            {"overlap": Overlap.SKIP},
            RunState.SKIPPED,
            "10:00",
            "hourly@2026-11-20T09:00Z is still running; overlap is skip",
        ),
        (
            {"overlap": Overlap.QUEUE, "deadline": 1800},
            RunState.MISSED,
            "10:31",
            f"{WAITED} until its deadline of 30m was over",
        ),
    ],
    ids=["skipped", "missed"],
)
def test_a_decision_keeps_its_reason_though_the_wake_died_before_it_wrote_its_runs_file(
    policy: Mapping[str, Any], state: RunState, time: str, reason: str
) -> None:
    world = World()
    world.live(hourly(**policy))
    world.wake("09:00")
    if time != "10:00":
        world.wake("10:00")
    with pytest.raises(Killed):
        world.wake(time, replace(world.ports(time), log=Dying(world.log.logs)))
    log = world.wake("10:35")
    assert [(line.reason, line.state) for line in log.records] == [(reason, state)]


def test_the_history_is_whole_though_a_wake_died_before_it_wrote_its_runs_file() -> None:
    world = World()
    world.live(hourly())
    with pytest.raises(Killed):
        world.wake("09:00", replace(world.ports("09:00"), log=Dying(world.log.logs)))
    log = world.wake("09:05")
    assert lines(log, RunState.STARTED) == ["hourly@09:00"]
    assert len(world.caller.calls) == 1


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


def test_what_was_left_pending_for_a_deleted_schedule_is_reported_missed() -> None:
    world = World()
    world.live(hourly(), hourly("other"))
    killed_between_claim_and_spawn(world)
    world.wake("09:01")
    world.live(hourly("other"))
    soon = world.wake("09:10")
    assert lines(soon, RunState.MISSED) == [], "what this wake read may be stale"
    assert lines(world.wake("10:00"), RunState.MISSED) == ["hourly@09:00"]


def test_an_occurrence_claimed_by_a_clock_that_was_ahead_waits_for_its_time() -> None:
    world = World()
    world.live(hourly())
    ports = replace(world.ports("18:00"), caller=DyingCaller())
    with pytest.raises(Killed):
        world.wake("18:00", ports)
    world.wake("18:01")
    world.wake("09:30")
    assert [call for call in world.caller.calls if "18:00" in str(call.args)] == []
