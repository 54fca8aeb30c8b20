"""A run that is watched over: tried again, cancelled in time, and never doubled by a restart."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from reconciler.dispatch.adapters.in_memory import FakeCaller, FakeClaims, FakeClock, FakeMessenger
from reconciler.dispatch.answers import CallState, CallStatus, StartUnknownError, UnavailableError
from reconciler.dispatch.wake.supervision import LOOK_AGAIN, RunOrder, Supervisor
from reconciler.model.formats import Entry
from reconciler.policies import Delivery
from tests.dispatch.scenario import Killed, World, at, hourly

ORDER = RunOrder(occurrence="a@2026-11-20T09:00Z", app="shop", function="sync", args={})
FAILED = CallStatus(CallState.FAILED, reason="ValueError: no rows")
DONE = CallStatus(CallState.SUCCEEDED, result="42")


@dataclass
class Scripted(FakeCaller):
    """Calls that end as the script says, one after the other."""

    script: list[CallStatus] = field(default_factory=list)

    async def start(self, app: str, function: str, args: Mapping[str, Any]) -> str:
        call = await super().start(app, function, args)
        self.statuses[call] = self.script[len(self.calls) - 1]
        return call


@dataclass
class Desk:
    """What outlives a supervisor."""

    caller: FakeCaller
    claims: FakeClaims = field(default_factory=FakeClaims)
    clock: FakeClock = field(default_factory=lambda: FakeClock(at("09:00")))
    pauses: list[float] = field(default_factory=list)
    messenger: FakeMessenger = field(default_factory=FakeMessenger)

    def supervise(self, order: RunOrder, token: str = "t1", call: str = "fc-s") -> CallStatus:
        async def pause(seconds: float) -> None:
            self.pauses.append(seconds)
            self.clock.time += timedelta(seconds=seconds)

        supervisor = Supervisor(
            order, call, token, self.clock, self.claims, self.caller, pause, self.messenger
        )
        return asyncio.run(supervisor.run())


def test_a_run_that_succeeds_is_tried_once() -> None:
    desk = Desk(Scripted(script=[DONE]))
    status = desk.supervise(replace(ORDER, retries=3))
    assert (status.state, status.result) == (CallState.SUCCEEDED, "42")
    assert status.tries == ("1: fc-1 succeeded",)


def test_a_failed_run_is_tried_again_after_longer_and_longer_waits() -> None:
    desk = Desk(Scripted(script=[FAILED, FAILED, FAILED, DONE]))
    status = desk.supervise(replace(ORDER, retries=3, backoff=30.0, factor=2.0))
    assert status.state is CallState.SUCCEEDED
    assert desk.pauses == [30.0, 60.0, 120.0]
    assert status.tries[0] == "1: fc-1 failed ValueError: no rows"


def test_when_no_try_is_left_it_gives_up_with_the_last_error() -> None:
    desk = Desk(Scripted(script=[FAILED, FAILED]))
    status = desk.supervise(replace(ORDER, retries=1))
    assert status.state is CallState.FAILED
    assert status.reason == "gave up after 2 tries: ValueError: no rows"


def test_a_try_that_takes_too_long_is_cancelled_and_counts_as_failed() -> None:
    running = CallStatus(CallState.RUNNING)
    desk = Desk(Scripted(script=[running, DONE]))
    status = desk.supervise(replace(ORDER, retries=1, timeout=600))
    assert status.state is CallState.SUCCEEDED
    assert desk.caller.statuses["fc-1"].state is CallState.CANCELLED
    assert status.tries[0] == "1: fc-1 timed-out cancelled after its timeout of 10m"


@dataclass
class CancellingUnheard(Scripted):
    """Cancels, and then something happens once.

    Attributes:
        happens: what is raised.
    """

    happens: BaseException | None = None

    async def cancel(self, call: str) -> None:
        await super().cancel(call)
        if (happens := self.happens) is not None:
            self.happens = None
            raise happens


@pytest.mark.parametrize("happens", [UnavailableError("timed out"), Killed()])
def test_a_try_has_timed_out_whatever_becomes_of_the_answer_to_its_cancellation(
    happens: BaseException,
) -> None:
    script = [CallStatus(CallState.RUNNING), DONE]
    desk, order = Desk(CancellingUnheard(script=script)), replace(ORDER, retries=1, timeout=600)
    assert isinstance(desk.caller, CancellingUnheard)
    desk.caller.happens = happens
    with suppress(Killed):
        desk.supervise(order)
    desk.clock.time += timedelta(minutes=11)
    status = desk.supervise(order, token="t2")
    assert status.state is CallState.SUCCEEDED
    assert status.tries[0] == "1: fc-1 timed-out cancelled after its timeout of 10m"


def test_a_run_that_a_person_cancelled_is_not_tried_again() -> None:
    desk = Desk(Scripted(script=[CallStatus(CallState.CANCELLED)]))
    assert desk.supervise(replace(ORDER, retries=3)).state is CallState.CANCELLED


def test_a_supervisor_that_is_started_again_goes_on_watching_the_same_call() -> None:
    desk = Desk(Scripted(script=[DONE]))
    desk.supervise(ORDER)
    again = desk.supervise(ORDER, token="t2")
    twice = desk.supervise(ORDER, token="t3", call="fc-another")
    assert (again.state, twice.state) == (CallState.SUCCEEDED, CallState.SUCCEEDED)
    assert len(desk.caller.calls) == 1


@dataclass
class DyingOnce(Scripted):
    """Its container is killed before the first start."""

    dead: bool = False

    async def start(self, app: str, function: str, args: Mapping[str, Any]) -> str:
        if not self.dead:
            self.dead = True
            raise Killed
        return await super().start(app, function, args)


@pytest.mark.parametrize(
    ("delivery", "state", "starts"),
    [
        (Delivery.AT_LEAST_ONCE, CallState.SUCCEEDED, 1),
        (Delivery.AT_MOST_ONCE, CallState.FAILED, 0),
    ],
)
def test_a_supervisor_killed_before_a_start_errs_as_delivery_says(
    delivery: Delivery, state: CallState, starts: int
) -> None:
    desk = Desk(DyingOnce(script=[DONE]))
    order = replace(ORDER, delivery=delivery)
    with pytest.raises(Killed):
        desk.supervise(order)
    assert desk.supervise(order, token="t2").state is state
    assert len(desk.caller.calls) == starts


@dataclass
class UncertainOnce(Scripted):
    """Starts the first call, and then says that it failed."""

    said: bool = False

    async def start(self, app: str, function: str, args: Mapping[str, Any]) -> str:
        call = await super().start(app, function, args)
        if not self.said:
            self.said = True
            raise StartUnknownError("timed out")
        return call


def test_a_start_of_unknown_outcome_is_not_repeated_under_at_most_once() -> None:
    desk = Desk(UncertainOnce(script=[DONE, DONE]))
    status = desk.supervise(replace(ORDER, delivery=Delivery.AT_MOST_ONCE, retries=0))
    assert status.reason == "may or may not have started: timed out; delivery is at-most-once"
    assert len(desk.caller.calls) == 1


@pytest.mark.parametrize("delivery", Delivery)
def test_what_is_known_not_to_have_started_is_tried_again_whatever_delivery_says(
    delivery: Delivery,
) -> None:
    desk = Desk(Scripted(script=[DONE], unreached=1))
    assert desk.supervise(replace(ORDER, delivery=delivery)).state is CallState.SUCCEEDED
    assert (len(desk.caller.calls), desk.pauses) == (1, [LOOK_AGAIN])


def test_a_run_that_cannot_be_started_fails_and_says_why() -> None:
    desk = Desk(FakeCaller(unreached=100))
    status = desk.supervise(ORDER)
    assert status.state is CallState.FAILED
    assert status.reason == "not started, again and again: timed out"


@dataclass
class CancelledWhileWatching(FakeCaller):
    """Its supervisor is cancelled while it waits, and Modal does not answer at first."""

    refusals: int = 2

    async def wait(self, _call: str, _seconds: float | None) -> CallStatus:
        raise asyncio.CancelledError

    async def cancel(self, call: str) -> None:
        if self.refusals:
            self.refusals -= 1
            raise UnavailableError("timed out")
        await super().cancel(call)


def test_a_cancelled_supervisor_ends_its_run_though_modal_does_not_answer_at_once() -> None:
    desk = Desk(CancelledWhileWatching())
    with pytest.raises(asyncio.CancelledError):
        desk.supervise(ORDER)
    assert desk.caller.statuses["fc-1"].state is CallState.CANCELLED


@dataclass
class CancelledWhileConfirming(FakeClaims):
    """Its supervisor is cancelled when it puts a start on record."""

    async def put(self, _key: str, _entry: Entry) -> None:
        raise asyncio.CancelledError


def test_a_supervisor_that_is_cancelled_before_it_confirmed_a_start_ends_what_it_started() -> None:
    desk = Desk(FakeCaller(), claims=CancelledWhileConfirming())
    with pytest.raises(asyncio.CancelledError):
        desk.supervise(ORDER)
    assert desk.caller.statuses["fc-1"].state is CallState.CANCELLED


@dataclass
class StartingSlowly(FakeCaller):
    """Modal has the call, and has not answered yet."""

    begun: asyncio.Event = field(default_factory=asyncio.Event)

    async def start(self, app: str, function: str, args: Mapping[str, Any]) -> str:
        call = await super().start(app, function, args)
        self.begun.set()
        await asyncio.sleep(0)
        return call


def test_a_supervisor_that_is_cancelled_while_a_start_is_under_way_ends_what_starts() -> None:
    async def cancelled() -> FakeCaller:
        caller, clock = StartingSlowly(), FakeClock(at("09:00"))
        parts = (clock, FakeClaims(), caller, asyncio.sleep, FakeMessenger())
        watching = asyncio.create_task(Supervisor(ORDER, "fc-s", "t1", *parts).run())
        await caller.begun.wait()
        watching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await watching
        return caller

    caller = asyncio.run(cancelled())
    assert [call.id for call in caller.calls] == ["fc-1"]
    assert caller.statuses["fc-1"].state is CallState.CANCELLED


@dataclass
class KilledAtSecond(Scripted):
    """Its supervisor is killed while it watches the second try."""

    killed: bool = False

    async def wait(self, call: str, seconds: float | None) -> CallStatus:
        if call == "fc-2" and not self.killed:
            self.killed = True
            raise Killed
        return await super().wait(call, seconds)


def test_a_supervisor_that_is_started_again_does_not_wait_before_a_try_that_has_begun() -> None:
    desk = Desk(KilledAtSecond(script=[FAILED, CallStatus(CallState.RUNNING), DONE]))
    order = replace(ORDER, retries=2, backoff=3600.0, factor=1.0, timeout=600)
    with pytest.raises(Killed):
        desk.supervise(order)
    assert desk.pauses == [3600.0]
    status = desk.supervise(order, token="t2")
    assert (status.state, len(status.tries)) == (CallState.SUCCEEDED, 3)
    assert desk.pauses == [3600.0, 3600.0], "before the third try alone"


def test_no_other_try_follows_one_that_may_have_started_under_at_most_once() -> None:
    order = replace(ORDER, delivery=Delivery.AT_MOST_ONCE, retries=2)
    uncertain = Desk(UncertainOnce(script=[DONE, DONE]))
    status = uncertain.supervise(order)
    assert (status.state, len(status.tries)) == (CallState.FAILED, 1)
    assert len(uncertain.caller.calls) == 1

    killed = Desk(DyingOnce(script=[DONE]))
    with pytest.raises(Killed):
        killed.supervise(order)
    status = killed.supervise(order, token="t2")
    assert (status.state, len(status.tries)) == (CallState.FAILED, 1)
    assert killed.caller.calls == []


def test_a_try_that_failed_is_followed_by_another_under_at_most_once_too() -> None:
    desk = Desk(Scripted(script=[FAILED, DONE]))
    order = replace(ORDER, delivery=Delivery.AT_MOST_ONCE, retries=1)
    assert desk.supervise(order).state is CallState.SUCCEEDED


def test_a_schedule_with_retries_or_a_timeout_calls_the_supervisor_with_its_order() -> None:
    world = World()
    world.live(hourly(timeout=60, retries=2, args={"id": "${occurrence.id}"}))
    world.wake("09:00")
    (call,) = world.caller.calls
    order = RunOrder.from_json(call.args["order"])
    assert (order.app, order.function, order.retries, order.timeout) == ("shop", "sync", 2, 60)
    assert order.args == {"id": "hourly@2026-11-20T09:00Z"}
