"""The lease: at most one holder whose lease has not run out."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from reconciler.deploy.lease import (
    LEASE_TIME,
    RENEWAL,
    Holder,
    LeaseHeldError,
    LeaseLostError,
    break_lease,
    held_lease,
)
from reconciler.dispatch.adapters.in_memory import FakeClaims, FakeClock
from reconciler.model.formats import Entry
from tests.deploy.lease_scenario import ALICE, BOB, START, FailingClaims
from tests.simulation.virtual_time import run_virtually


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
        assert caught.value.message_for("production").endswith(
            "reconcile unlock 1 --env production"
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


def test_of_many_contenders_for_a_lease_that_ran_out_one_wins_and_is_named_to_the_others() -> None:
    async def scenario() -> None:
        claims, clock = FakeClaims(), FakeClock(START)
        async with held_lease(claims, clock, ALICE):
            clock.time += LEASE_TIME * 2
            winners: list[str] = []
            refusals: list[str] = []
            done = asyncio.Event()

            async def contend(name: str) -> None:
                try:
                    async with held_lease(claims, clock, Holder(owner=name)):
                        winners.append(name)
                        await done.wait()
                except LeaseHeldError as error:
                    refusals.append(error.what)
                    if len(refusals) == 9:
                        done.set()

            await asyncio.gather(*(contend(f"c{number}") for number in range(10)))
            (winner,) = winners
            assert refusals == [f"{winner} is applying since 2026-11-20T15:20:00Z (lease 2)"] * 9

    asyncio.run(scenario())


@dataclass
class ForgottenWinner(FakeClaims):
    """Another contender takes a lease, and its entry is gone when the loser looks who it is."""

    async def put_new(self, key: str, entry: Entry) -> bool:
        await super().put_new(key, entry)
        del self.entries[key]
        return False


def test_a_loser_names_the_lease_also_when_its_holder_is_not_known() -> None:
    async def scenario() -> None:
        with pytest.raises(
            LeaseHeldError, match=r"an unknown process is applying since now \(lease 1\)"
        ):
            async with held_lease(ForgottenWinner(), FakeClock(START), ALICE):
                pytest.fail("it was not taken")

    asyncio.run(scenario())


def test_a_head_that_lags_behind_holds_up_no_apply() -> None:
    """The head is written after the lease that it names, and may be lost."""

    async def scenario() -> None:
        claims, clock = FakeClaims(), FakeClock(START)
        for number in (1, 2):
            async with held_lease(claims, clock, ALICE) as lease:
                assert lease.number == number
        claims.entries["lease"] = {"number": 1}
        async with held_lease(claims, clock, BOB) as lease:
            assert lease.number == 3
            with pytest.raises(LeaseHeldError, match="lease 3"):
                async with held_lease(claims, clock, ALICE):
                    pytest.fail("there must not be two holders")

    asyncio.run(scenario())


@dataclass
class LoopClock:
    """A clock that goes as the event loop's does."""

    def now(self) -> datetime:
        return START + timedelta(seconds=asyncio.get_running_loop().time())


def test_a_lease_is_renewed_while_one_step_takes_long() -> None:
    async def scenario() -> None:
        claims, clock = FakeClaims(), LoopClock()
        async with held_lease(claims, clock, ALICE):
            await asyncio.sleep(LEASE_TIME.total_seconds() * 5)
            with pytest.raises(LeaseHeldError, match="alice is applying"):
                async with held_lease(claims, clock, BOB):
                    pytest.fail("there must not be two holders")
        async with held_lease(claims, clock, BOB) as lease:
            assert lease.number == 2

    run_virtually(scenario())


def test_a_renewal_that_fails_is_tried_again_a_minute_later() -> None:
    async def scenario() -> None:
        claims, clock = FailingClaims(), LoopClock()
        async with held_lease(claims, clock, ALICE) as lease:
            claims.times = 5
            await asyncio.sleep(LEASE_TIME.total_seconds() * 2)
            assert lease.number == 1
            with pytest.raises(LeaseHeldError):
                async with held_lease(claims, clock, BOB):
                    pytest.fail("there must not be two holders")

    run_virtually(scenario())


def test_who_loses_the_lease_is_stopped_in_the_middle_of_a_step() -> None:
    async def scenario() -> None:
        claims, clock = FakeClaims(), LoopClock()

        async def block() -> None:
            async with held_lease(claims, clock, ALICE):
                await break_lease(claims, clock, 1)
                await asyncio.sleep(LEASE_TIME.total_seconds())
                pytest.fail("it was not stopped")

        with pytest.raises(LeaseLostError, match="taken over while this apply was under way"):
            await block()
        assert asyncio.get_running_loop().time() < 2 * RENEWAL.total_seconds()
        async with held_lease(claims, clock, BOB) as lease:
            await lease.renew()

    run_virtually(scenario())


def test_who_slept_past_the_end_takes_the_next_lease_before_going_on() -> None:
    async def scenario() -> None:
        claims, clock = FakeClaims(), FakeClock(START)
        async with held_lease(claims, clock, ALICE) as lease:
            clock.time += LEASE_TIME + timedelta(seconds=1)
            await lease.renew()
            assert lease.number == 2
            with pytest.raises(LeaseHeldError, match="alice"):
                async with held_lease(claims, clock, BOB):
                    pytest.fail("there must not be two holders")
        async with held_lease(claims, clock, BOB) as lease:
            assert lease.number == 3

    asyncio.run(scenario())


def test_of_a_holder_who_slept_past_the_end_and_a_contender_at_once_one_goes_on() -> None:
    async def scenario() -> None:
        claims, clock = FakeClaims(), FakeClock(START)
        going_on: list[str] = []

        async def sleeper() -> None:
            with suppress(LeaseLostError):
                async with held_lease(claims, clock, ALICE) as lease:
                    clock.time += LEASE_TIME + timedelta(seconds=1)
                    awake.set()
                    await lease.renew()
                    going_on.append("alice")
                    await both.wait()

        async def contender() -> None:
            await awake.wait()
            with suppress(LeaseHeldError):
                async with held_lease(claims, clock, BOB):
                    going_on.append("bob")
                    await both.wait()

        awake, both = asyncio.Event(), asyncio.Event()
        tasks = [asyncio.create_task(sleeper()), asyncio.create_task(contender())]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        both.set()
        await asyncio.gather(*tasks)
        assert len(going_on) == 1

    asyncio.run(scenario())


@dataclass
class SlowClaims(FakeClaims):
    """A write that was sent takes effect late, whatever became of its caller."""

    writes: list[asyncio.Task[None]] = field(default_factory=list)
    slow: bool = False

    async def put(self, key: str, entry: Entry) -> None:
        if not self.slow:
            await super().put(key, entry)
            return
        self.slow = False

        async def late() -> None:
            await asyncio.sleep(1)
            self.entries[key] = entry

        self.writes.append(asyncio.create_task(late()))
        await asyncio.shield(self.writes[-1])


def test_a_renewal_under_way_never_lands_after_the_release() -> None:
    async def scenario() -> None:
        claims, clock = SlowClaims(), LoopClock()

        async def block() -> None:
            async with held_lease(claims, clock, ALICE) as lease:
                claims.slow = True
                await lease.renew()

        task = asyncio.create_task(block())
        while not claims.writes:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.gather(*claims.writes)
        async with held_lease(claims, clock, BOB) as lease:
            assert lease.number == 2

    run_virtually(scenario())
