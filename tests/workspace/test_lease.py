"""The lease: at most one holder whose lease has not run out."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from reconciler.dispatch.fakes import FakeClaims, FakeClock
from reconciler.dispatch.ports import Entry
from reconciler.errors import ReconcileError
from reconciler.workspace.lease import (
    LEASE_TIME,
    Holder,
    LeaseHeldError,
    LeaseLostError,
    break_lease,
    held_lease,
)

START = datetime(2026, 11, 20, 15, tzinfo=UTC)
ALICE = Holder(owner="alice", link="https://ci.example/run/7")
BOB = Holder(owner="bob")


def test_a_second_holder_is_refused_with_owner_time_and_link() -> None:
    async def scenario() -> None:
        claims, clock = FakeClaims(), FakeClock(START)
        async with held_lease(claims, clock, ALICE):
            with pytest.raises(LeaseHeldError) as caught:
                async with held_lease(claims, clock, BOB):
                    pytest.fail("there must not be two holders")
        assert str(caught.value) == (
            "alice is applying since 2026-11-20T15:00:00Z (lease 1), see "
            "https://ci.example/run/7\n"
            "  Wait for it to finish. If it is dead: reconcile unlock 1"
        )

    asyncio.run(scenario())


def test_a_released_lease_can_be_taken_at_once_also_after_an_error() -> None:
    async def scenario() -> None:
        claims, clock = FakeClaims(), FakeClock(START)
        with pytest.raises(ValueError, match="boom"):
            async with held_lease(claims, clock, ALICE):
                raise ValueError("boom")
        async with held_lease(claims, clock, BOB) as lease:
            assert lease.number == 2

    asyncio.run(scenario())


def test_a_lease_that_ran_out_is_taken_over_and_its_holder_notices() -> None:
    async def scenario() -> None:
        claims, clock = FakeClaims(), FakeClock(START)
        async with held_lease(claims, clock, ALICE) as lost:
            clock.time += LEASE_TIME + timedelta(seconds=1)
            async with held_lease(claims, clock, BOB) as lease:
                with pytest.raises(LeaseLostError):
                    await lost.renew()
                await lease.renew()

    asyncio.run(scenario())


def test_renewing_keeps_the_lease_beyond_its_first_end() -> None:
    async def scenario() -> None:
        claims, clock = FakeClaims(), FakeClock(START)
        async with held_lease(claims, clock, ALICE) as lease:
            for _ in range(3):
                clock.time += LEASE_TIME - timedelta(seconds=1)
                await lease.renew()
            with pytest.raises(LeaseHeldError):
                async with held_lease(claims, clock, BOB):
                    pytest.fail("there must not be two holders")

    asyncio.run(scenario())


def test_of_many_contenders_for_a_lease_that_ran_out_one_wins() -> None:
    async def scenario() -> None:
        claims, clock = FakeClaims(), FakeClock(START)
        async with held_lease(claims, clock, ALICE):
            clock.time += LEASE_TIME * 2
            winners: list[str] = []
            done = asyncio.Event()

            async def contend(name: str) -> None:
                try:
                    async with held_lease(claims, clock, Holder(owner=name)):
                        winners.append(name)
                        await done.wait()
                except LeaseHeldError:
                    if len(losers := [*lost, name]) == 9:
                        done.set()
                    lost[:] = losers

            lost: list[str] = []
            await asyncio.gather(*(contend(f"c{number}") for number in range(10)))
            assert len(winners) == 1

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
            with pytest.raises(ReconcileError, match="no lease 2 to break: nobody is applying"):
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
