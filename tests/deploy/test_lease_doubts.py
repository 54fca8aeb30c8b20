"""A lease whose answers are lost, that cannot be given back or read, or that a person breaks."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar, cast

import pytest

from reconciler.deploy.lease import (
    LEASE_TIME,
    LeaseHeldError,
    LeaseLeftError,
    LeaseLostError,
    break_lease,
    held_lease,
)
from reconciler.dispatch.adapters.in_memory import FakeClaims, FakeClock
from reconciler.dispatch.answers import UnavailableError
from reconciler.errors import ReconcileError
from reconciler.model.formats import Entry
from tests.deploy.lease_scenario import ALICE, BOB, START, FailingClaims

T = TypeVar("T")


def test_a_cancelled_holder_that_cannot_release_says_which_lease_it_leaves() -> None:
    async def scenario() -> None:
        claims, clock = FailingClaims(), FakeClock(START)

        async def block() -> None:
            async with held_lease(claims, clock, ALICE):
                claims.times = 9
                raise asyncio.CancelledError

        with pytest.raises(LeaseLeftError, match=r"it was interrupted, but lease 1 could not be"):
            await block()

    asyncio.run(scenario())


@dataclass
class LossyClaims(FakeClaims):
    """Every answer to ``put_new`` is lost once, and the client sends it again."""

    async def put_new(self, key: str, entry: Entry) -> bool:
        await super().put_new(key, entry)
        return False


def test_an_own_lease_whose_answer_was_lost_is_recognised() -> None:
    async def scenario() -> None:
        async with held_lease(LossyClaims(), FakeClock(START), ALICE) as lease:
            assert lease.number == 1

    asyncio.run(scenario())


@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize("of", ["put_new", "put"])
def test_a_lease_that_could_not_be_taken_for_sure_is_given_back(of: str, done: bool) -> None:
    async def scenario() -> None:
        claims, clock = FailingClaims(of=of, times=1, done=done), FakeClock(START)
        with pytest.raises(UnavailableError, match="no answer"):
            async with held_lease(claims, clock, ALICE):
                pytest.fail("it was not taken for sure")
        async with held_lease(claims, clock, BOB) as lease:
            await lease.renew()

    asyncio.run(scenario())


def test_giving_a_lease_back_is_tried_again() -> None:
    async def scenario() -> None:
        claims, clock = FailingClaims(), FakeClock(START)
        async with held_lease(claims, clock, ALICE):
            claims.times = 2
        async with held_lease(claims, clock, BOB):
            pass

    asyncio.run(scenario())


def test_a_lease_that_cannot_be_given_back_is_reported_when_all_else_went_well() -> None:
    async def scenario() -> None:
        claims, clock = FailingClaims(), FakeClock(START)
        with pytest.raises(LeaseLeftError) as caught:
            async with held_lease(claims, clock, ALICE):
                claims.times = 9
        assert str(caught.value) == (
            "all is done, but lease 1 could not be given back: until it has run out, in 10 "
            "minutes, every other apply is refused\n  Wait, or: reconcile unlock 1"
        )
        claims.times = 0
        with pytest.raises(LeaseHeldError):
            async with held_lease(claims, clock, BOB):
                pytest.fail("it was not given back")

    asyncio.run(scenario())


def test_what_went_wrong_is_not_hidden_by_a_lease_that_cannot_be_given_back() -> None:
    async def scenario() -> None:
        claims, clock = FailingClaims(), FakeClock(START)

        async def block() -> None:
            async with held_lease(claims, clock, ALICE):
                claims.times = 9
                raise ValueError("boom")

        with pytest.raises(ValueError, match="boom"):
            await block()

    asyncio.run(scenario())


def test_a_dead_lease_can_be_broken_by_its_number_only() -> None:
    async def scenario() -> None:
        claims, clock = FakeClaims(), FakeClock(START)
        async with held_lease(claims, clock, ALICE) as lost:
            with pytest.raises(ReconcileError, match="there is no lease 7 to break"):
                await break_lease(claims, clock, 7)
            await break_lease(claims, clock, 1)
            async with held_lease(claims, clock, BOB):
                with pytest.raises(LeaseLostError):
                    await lost.renew()
            with pytest.raises(ReconcileError, match="no lease 2 to break: no apply is running"):
                await break_lease(claims, clock, 2)

    asyncio.run(scenario())


def test_a_lease_whose_entries_died_of_idleness_is_free() -> None:
    async def scenario() -> None:
        claims, clock = FakeClaims(), FakeClock(START)
        async with held_lease(claims, clock, ALICE):
            pass
        del claims.entries["lease/1"]
        async with held_lease(claims, clock, BOB) as lease:
            assert lease.number == 2

    asyncio.run(scenario())


WRONG: tuple[Any, ...] = (
    None,
    "hello",
    7,
    [],
    {},
    {"number": "7"},
    {"number": 0},
    {"released": "no", "until": 7},
    {"released": False, "until": "tomorrow", "token": 7},
    {"owner": 7, "since": "2026-11-20T09:00:00Z"},
)


@pytest.mark.parametrize("key", ["lease", "lease/2"])
@pytest.mark.parametrize("value", WRONG, ids=str)
def test_a_lease_that_cannot_be_read_is_held_until_a_person_breaks_it(key: str, value: Any) -> None:
    claims, clock = FakeClaims(), FakeClock(START)

    async def scenario() -> None:
        for _ in range(2):
            async with held_lease(claims, clock, BOB):
                pass
        cast("dict[str, Any]", claims.entries)[key] = value
        with pytest.raises(LeaseHeldError) as refused:
            async with held_lease(claims, clock, BOB):
                pass
        assert refused.value.what == "lease 2 cannot be read, so an apply may be running"
        assert refused.value.command == "unlock 2"
        await break_lease(claims, clock, 2)
        async with held_lease(claims, clock, BOB) as lease:
            assert lease.number == 3

    asyncio.run(scenario())


@pytest.mark.parametrize(("seconds", "free"), [(0, False), (599, False), (600, False), (601, True)])
def test_a_lease_that_is_not_renewed_is_held_for_ten_minutes(seconds: int, free: bool) -> None:
    async def scenario() -> None:
        claims, clock = FakeClaims(), FakeClock(START)
        async with held_lease(claims, clock, ALICE) as mine:
            clock.time += timedelta(seconds=seconds)
            if free:
                async with held_lease(claims, clock, BOB) as lease:
                    assert lease.number == 2
                return
            with pytest.raises(LeaseHeldError):
                async with held_lease(claims, clock, BOB):
                    pytest.fail("there must not be two holders")
            await mine.renew()
            assert mine.number == 1, "it is still the same lease"

    asyncio.run(scenario())


@pytest.mark.parametrize(("failures", "left"), [(2, False), (3, True)])
def test_giving_a_lease_back_is_tried_three_times(failures: int, left: bool) -> None:
    async def scenario() -> None:
        claims, clock = FailingClaims(), FakeClock(START)
        try:
            async with held_lease(claims, clock, ALICE):
                claims.times = failures
        except LeaseLeftError:
            assert left
        assert claims.entries["lease/1"]["released"] is not left

    asyncio.run(scenario())


def test_the_entry_of_a_lease_says_who_holds_it_since_when_and_until_when() -> None:
    async def scenario() -> None:
        claims, clock = FakeClaims(), FakeClock(START)
        async with held_lease(claims, clock, ALICE) as lease:
            held = dict(claims.entries["lease/1"])
            clock.time += timedelta(minutes=3)
            await lease.renew()
            renewed = dict(claims.entries["lease/1"])
        token = held.pop("token")
        assert held == {
            "owner": "alice",
            "link": "https://ci.example/run/7",
            "since": "2026-11-20T15:00:00Z",
            "until": "2026-11-20T15:10:00Z",
            "released": False,
        }
        assert renewed == {**held, "until": "2026-11-20T15:13:00Z", "token": token}
        ended = {"until": "2026-11-20T15:03:00Z", "released": True}
        assert claims.entries["lease/1"] == {**renewed, **ended}
        assert claims.entries["lease"] == {"number": 1}

    asyncio.run(scenario())


def test_only_the_lease_that_is_held_now_can_be_broken() -> None:
    async def scenario() -> None:
        claims, clock = FakeClaims(), FakeClock(START)
        with pytest.raises(ReconcileError, match="no lease 1 to break: no apply is running"):
            await break_lease(claims, clock, 1)
        async with held_lease(claims, clock, ALICE):
            pass
        async with held_lease(claims, clock, BOB):
            with pytest.raises(ReconcileError, match="no lease 1 to break: the current one is 2"):
                await break_lease(claims, clock, 1)
            clock.time += LEASE_TIME + timedelta(seconds=1)
            with pytest.raises(ReconcileError, match="no lease 2 to break: no apply is running"):
                await break_lease(claims, clock, 2)

    asyncio.run(scenario())


def test_a_lease_of_another_is_not_given_back_by_us() -> None:
    async def scenario() -> None:
        claims, clock = FakeClaims(), FakeClock(START)
        async with held_lease(claims, clock, ALICE) as lease:
            theirs = {**claims.entries["lease/1"], "token": "theirs"}
            claims.entries["lease/1"] = theirs
            assert await lease.release()
            assert claims.entries["lease/1"] == theirs
            del claims.entries["lease/1"]
            assert await lease.release()
            assert "lease/1" not in claims.entries

    asyncio.run(scenario())
