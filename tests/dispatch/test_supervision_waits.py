"""How long a supervisor waits, whom it pings at once, and how it bears a Modal that is silent."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from reconciler.alerts import Address
from reconciler.dispatch.adapters.in_memory import FakeClaims, FakeMessenger
from reconciler.dispatch.answers import CallState, CallStatus, UnavailableError
from reconciler.dispatch.wake.supervision import LOOK_AGAIN, STARTS_PER_TRY
from reconciler.model.claim import CLAIM_LEASE
from reconciler.model.formats import Entry
from tests.dispatch.scenario import Killed
from tests.dispatch.test_supervision import DONE, FAILED, ORDER, Desk, Scripted

PING = Address(url="https://hc-ping.example/run")


@dataclass
class Waited(Scripted):
    """Remembers for how many seconds it was to wait, and is silent first.

    Attributes:
        silent: how many of the next waits have no answer.
        dies: whether the supervisor ends in the first wait.
    """

    seconds: list[float | None] = field(default_factory=list)
    silent: int = 0
    dies: bool = False

    async def wait(self, call: str, seconds: float | None) -> CallStatus:
        self.seconds.append(seconds)
        if self.dies:
            self.dies = False
            raise Killed
        if self.silent:
            self.silent -= 1
            raise UnavailableError("timed out")
        return await super().wait(call, seconds)


def test_a_run_is_waited_for_as_long_as_its_timeout_and_for_ever_without_one() -> None:
    for timeout, waited in ((600, 600.0), (None, None)):
        caller = Waited(script=[DONE])
        Desk(caller).supervise(replace(ORDER, timeout=timeout))
        assert caller.seconds == [waited]


def test_a_supervisor_that_is_started_again_waits_for_the_seconds_that_are_left() -> None:
    caller = Waited(script=[DONE], dies=True)
    desk, order = Desk(caller), replace(ORDER, timeout=600)
    with suppress(Killed):
        desk.supervise(order)
    desk.clock.time += timedelta(minutes=4)
    assert desk.supervise(order, token="t2").state is CallState.SUCCEEDED
    assert caller.seconds == [600.0, 360.0]


def test_a_supervisor_pauses_between_two_looks_while_modal_is_silent() -> None:
    caller = Waited(script=[DONE], silent=3)
    desk = Desk(caller)
    assert desk.supervise(replace(ORDER, timeout=600)).state is CallState.SUCCEEDED
    assert desk.pauses == [LOOK_AGAIN] * 3
    assert caller.seconds == [600.0, 595.0, 590.0, 585.0]


@pytest.mark.parametrize(
    ("ended", "suffixes"),
    [
        (DONE, ["/start", ""]),
        (FAILED, ["/start", "/fail"]),
        (CallStatus(CallState.RUNNING), ["/start", "/fail"]),
        (CallStatus(CallState.CANCELLED), ["/start"]),
    ],
    ids=["succeeded", "failed", "timed out", "cancelled"],
)
def test_the_end_of_a_run_is_pinged_at_once(ended: CallStatus, suffixes: list[str]) -> None:
    desk = Desk(Scripted(script=[ended]))
    desk.supervise(replace(ORDER, ping=PING, timeout=600))
    assert [sent.suffix for sent in desk.messenger.sent] == suffixes


@dataclass
class DyingOnce(FakeMessenger):
    """The supervisor ends while its ping of a success is under way."""

    dead: bool = False

    async def send(self, address: Address, suffix: str, body: bytes | None) -> None:
        if not suffix and not self.dead:
            self.dead = True
            raise Killed
        await super().send(address, suffix, body)


def test_a_supervisor_that_is_started_again_repeats_the_ping_that_its_death_interrupted() -> None:
    desk = Desk(Scripted(script=[DONE]), messenger=DyingOnce())
    order = replace(ORDER, ping=PING)
    with suppress(Killed):
        desk.supervise(order)
    desk.supervise(order, token="t2")
    assert [sent.suffix for sent in desk.messenger.sent] == ["/start", ""]


def test_another_supervisor_leaves_a_ping_under_way_alone() -> None:
    desk = Desk(Scripted(script=[DONE]), messenger=DyingOnce())
    order = replace(ORDER, ping=PING)
    with suppress(Killed):
        desk.supervise(order)
    desk.supervise(order, token="t2", call="fc-other")
    assert [sent.suffix for sent in desk.messenger.sent] == ["/start"]


def test_a_ping_is_claimed_by_the_execution_and_its_call() -> None:
    desk = Desk(Scripted(script=[DONE]), messenger=DyingOnce())
    with suppress(Killed):
        desk.supervise(replace(ORDER, ping=PING), token="t1", call="fc-s")
    claims: list[Mapping[str, Any]] = [
        entry for key, entry in desk.claims.entries.items() if "ping-success" in key
    ]
    assert [(claim["token"], claim["wake"]) for claim in claims] == [("t1", "fc-s")]


def test_another_supervisor_looks_again_every_few_seconds_while_a_start_may_be_under_way() -> None:
    desk = Desk(DyingStart(script=[DONE]))
    with suppress(Killed):
        desk.supervise(ORDER, token="t1", call="fc-s")
    assert desk.supervise(ORDER, token="t2", call="fc-other").state is CallState.SUCCEEDED
    assert sum(desk.pauses) > CLAIM_LEASE.total_seconds()
    assert set(desk.pauses) == {LOOK_AGAIN}


@dataclass
class DyingStart(Scripted):
    """The supervisor ends before its first start."""

    dead: bool = False

    async def start(self, app: str, function: str, args: Mapping[str, Any]) -> str:
        if not self.dead:
            self.dead = True
            raise Killed
        return await super().start(app, function, args)


@dataclass
class SilentReads(FakeClaims):
    """Does not answer the next reads.

    Attributes:
        silent: how many are left.
    """

    silent: int = 0

    async def get(self, key: str) -> Entry | None:
        if self.silent:
            self.silent -= 1
            raise UnavailableError("timed out")
        return await super().get(key)


def test_a_supervisor_asks_a_silent_dict_again_before_it_decides_what_has_started() -> None:
    claims = SilentReads()
    caller = Waited(script=[DONE, DONE], dies=True)
    desk = Desk(caller, claims=claims)
    with suppress(Killed):
        desk.supervise(ORDER)
    claims.silent = STARTS_PER_TRY
    assert desk.supervise(ORDER, token="t2").state is CallState.SUCCEEDED
    assert len(caller.calls) == 1
