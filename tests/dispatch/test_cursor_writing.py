"""Who replaces the cursor at the same time as others takes nothing of theirs away."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.alerts import Alerts
from reconciler.cron import minute
from reconciler.dispatch.adapters.in_memory import FakeClaims
from reconciler.dispatch.answers import UnavailableError
from reconciler.dispatch.wake.cursor_entry import PATIENCE, QUESTIONS, rewrite
from reconciler.dispatch.wake.request import WakeRequest
from reconciler.dispatch.wake.wake import wake
from reconciler.model.cursor import CURSOR_KEY, Cursor, cursor_of
from reconciler.model.formats import Entry
from reconciler.model.generation import Slot
from tests.dispatch.alarm_scenario import rule, texts
from tests.dispatch.scenario import World, at, hourly
from tests.simulation.virtual_time import run_virtually


@dataclass
class Slow(FakeClaims):
    """Each call takes up to a tenth of a second on its way there, and as long on its way back.

    Attributes:
        dies: how many writers die as soon as it is their turn.
    """

    random: Random = field(default_factory=lambda: Random(0))
    dies: int = 0

    async def put_new(self, key: str, entry: Entry) -> bool:
        await self.travel()
        stored = await super().put_new(key, entry)
        if stored and self.dies:
            self.dies -= 1
            raise asyncio.CancelledError
        await self.travel()
        return stored

    async def get(self, key: str) -> Entry | None:
        await self.travel()
        found = await super().get(key)
        await self.travel()
        return found

    async def put(self, key: str, entry: Entry) -> None:
        await self.travel()
        await super().put(key, entry)
        await self.travel()

    async def travel(self) -> None:
        await asyncio.sleep(self.random.uniform(0, 0.1))


async def write(claims: FakeClaims, number: int, seen: Cursor | None = None) -> Cursor:
    """Add a call to the cursor, as a wake would that has started it.

    Args:
        seen: the cursor with which the wake began.
    """

    def add(found: Cursor) -> Cursor:
        return replace(found, calls={**found.calls, f"fc-{number}": "a@2026-11-20T09:00Z"})

    return await rewrite(claims, f"w{number}", seen or Cursor(), add)


async def all_write(
    claims: FakeClaims, delays: Sequence[float], lasting: Sequence[float] = ()
) -> None:
    """Several write, each after a while.

    Args:
        lasting: the seconds for which each works between reading the cursor and replacing it.
    """

    async def later(number: int, delay: float, work: float) -> None:
        await asyncio.sleep(delay)
        seen = cursor_of(await claims.get(CURSOR_KEY))
        await asyncio.sleep(work)
        await write(claims, number, seen if isinstance(seen, Cursor) else None)

    pairs = zip_longest(delays, lasting, fillvalue=0.0)
    jobs = (later(number, *pair) for number, pair in enumerate(pairs))
    await asyncio.gather(*jobs, return_exceptions=True)


def calls(claims: FakeClaims) -> set[str]:
    return set(Cursor.from_json(claims.entries[CURSOR_KEY]).calls)


@given(
    delays=st.lists(st.floats(0, 1), min_size=2, max_size=6),
    seed=st.integers(0, 1000),
)
def test_what_each_writer_adds_is_there_when_all_have_written(
    delays: list[float], seed: int
) -> None:
    claims = Slow(random=Random(seed))
    run_virtually(all_write(claims, delays))
    assert calls(claims) == {f"fc-{number}" for number in range(len(delays))}


@given(
    times=st.lists(st.tuples(st.floats(0, 2), st.floats(0, 2)), min_size=2, max_size=6),
    seed=st.integers(0, 1000),
)
def test_what_each_adds_is_there_however_long_ago_it_has_read_the_cursor(
    times: list[tuple[float, float]], seed: int
) -> None:
    claims = Slow(random=Random(seed))
    delays, lasting = zip(*times, strict=True)
    run_virtually(all_write(claims, delays, lasting))
    assert calls(claims) == {f"fc-{number}" for number in range(len(times))}


def test_a_cursor_that_no_other_has_replaced_is_not_read_again() -> None:
    claims = Counted()

    async def scenario() -> None:
        seen = await write(claims, 0)
        claims.reads = 0
        await write(claims, 1, seen)
        assert claims.reads == 0
        await write(claims, 2, seen)  # another one has replaced it
        assert claims.reads == 1

    run_virtually(scenario())
    assert calls(claims) == {"fc-0", "fc-1", "fc-2"}


def test_who_dies_in_its_turn_holds_the_others_up_for_a_moment_only() -> None:
    claims = Slow()

    async def scenario() -> float:
        await write(claims, 0)
        claims.dies = 1
        with pytest.raises(asyncio.CancelledError):
            await write(claims, 1)
        began = asyncio.get_running_loop().time()
        await write(claims, 2)
        await write(claims, 3)
        return asyncio.get_running_loop().time() - began

    assert PATIENCE < run_virtually(scenario()) < 3 * PATIENCE
    assert calls(claims) == {"fc-0", "fc-2", "fc-3"}


@dataclass
class Counted(FakeClaims):
    """Counts the reads."""

    reads: int = 0

    async def get(self, key: str) -> Entry | None:
        self.reads += 1
        return await super().get(key)


@dataclass
class Resent(FakeClaims):
    """The first answer to a put is lost, and the client sends it again."""

    async def put_new(self, key: str, entry: Entry) -> bool:
        await super().put_new(key, entry)
        return False


def test_a_turn_whose_answer_was_lost_is_recognised() -> None:
    claims = Resent()

    async def scenario() -> float:
        for number in range(3):
            await write(claims, number)
        return asyncio.get_running_loop().time()

    assert run_virtually(scenario()) == 0
    assert calls(claims) == {"fc-0", "fc-1", "fc-2"}


@dataclass
class Unanswered(FakeClaims):
    """Of the next so many turns that writers ask for, none is stored, and no answer comes."""

    questions: int = 0

    async def put_new(self, key: str, entry: Entry) -> bool:
        if self.questions:
            self.questions -= 1
            raise UnavailableError("refused")
        return await super().put_new(key, entry)


@pytest.mark.parametrize(
    ("questions", "is_written"), [(1, True), (2, True), (QUESTIONS, True), (QUESTIONS + 1, False)]
)
def test_a_wake_that_read_the_cursor_before_undoes_nothing_of_one_without_an_answer_about_its_turn(
    questions: int, is_written: bool
) -> None:
    claims = Unanswered()

    async def scenario() -> None:
        seen = await write(claims, 0)
        claims.questions = questions
        if is_written:
            await write(claims, 1, seen)
        else:
            with pytest.raises(UnavailableError):
                await write(claims, 1, seen)
        await write(claims, 2, seen)

    run_virtually(scenario())
    assert calls(claims) == {"fc-0", "fc-2", *(("fc-1",) if is_written else ())}


def test_a_cursor_from_before_there_were_ids_is_replaced_by_one_after_the_other() -> None:
    claims = Slow({CURSOR_KEY: Cursor().to_json()})
    assert "id" not in claims.entries[CURSOR_KEY]
    run_virtually(all_write(claims, [0, 0]))
    assert calls(claims) == {"fc-0", "fc-1"}


def test_two_crons_of_the_same_minute_both_count_as_woken_and_both_runs_are_watched() -> None:
    world = World()
    slots = (Slot("daily", "0 9 * * *"), Slot("poller", "*/10 * * * *"))
    world.live(
        hourly("daily", when=("0 9 * * *",)),
        hourly("often", when=("*/10 * * * *",)),
        slots=slots,
        slots_since={slot.name: minute(at("2026-11-18T00:00")) for slot in slots},
        alerts=Alerts(rule()),
    )
    world.wake("2026-11-19T09:00", slot="daily")
    world.wake("08:50", slot="poller")
    world.messenger.sent.clear()  # days had passed

    async def both() -> None:
        requests: list[dict[str, Any]] = [{"slot": slot.name, "token": slot.name} for slot in slots]
        ports = replace(world.ports("09:00"), claims=Slow(world.claims.entries))
        jobs = (wake(ports, WakeRequest(wake=each["slot"], **each)) for each in requests)
        await asyncio.gather(*jobs)

    run_virtually(both())
    cursor = Cursor.from_json(world.claims.entries[CURSOR_KEY])
    assert dict(cursor.wakes) == dict.fromkeys(("daily", "poller"), "2026-11-20T09:00:00Z")
    assert {call.id for call in world.caller.calls} == set(cursor.calls)
    world.wake("09:10", slot="poller")
    assert texts(world) == []
