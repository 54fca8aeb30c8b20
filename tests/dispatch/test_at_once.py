"""Calls at the same time: when one fails, none of the others is left behind."""

from __future__ import annotations

import asyncio

import pytest

from reconciler.dispatch.adapters import at_once
from reconciler.dispatch.adapters.at_once import together
from reconciler.dispatch.answers import UnavailableError


def test_the_results_come_in_the_order_of_the_jobs() -> None:
    async def after(turns: int) -> int:
        for _ in range(turns):
            await asyncio.sleep(0)
        return turns

    assert asyncio.run(together(after(2), after(0), after(1))) == (2, 0, 1)


def test_when_one_fails_the_others_have_ended_before_that_is_raised(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(at_once, "GRACE", 0)
    ended: list[str] = []

    async def fail() -> None:
        raise UnavailableError("no token")

    async def linger() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            # Ending may take a while, and may fail in its own way.
            for _ in range(9):
                await asyncio.sleep(0)
            ended.append("lingering")
            raise OSError("the connection is gone")

    async def both() -> set[str]:
        with pytest.raises(UnavailableError, match="no token"):
            await together(linger(), fail())
        left = asyncio.all_tasks() - {asyncio.current_task()}
        return {task.get_name() for task in left}

    assert asyncio.run(both()) == set()
    assert ended == ["lingering"]


def test_who_is_cancelled_ends_what_was_begun() -> None:
    ended: list[str] = []

    async def linger() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("lingering")

    async def cut_off() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(together(linger(), linger()), 0.01)

    asyncio.run(cut_off())
    assert ended == ["lingering", "lingering"]


def test_when_one_of_many_fails_the_others_come_to_their_end_first() -> None:
    ended: list[int] = []

    async def job(number: int) -> int:
        if number == 0:
            raise UnavailableError("refused")
        await asyncio.sleep(0)
        ended.append(number)
        return number

    with pytest.raises(UnavailableError, match="refused"):
        asyncio.run(at_once.at_once(map(job, range(100))))
    assert sorted(ended) == list(range(1, 100))
    assert asyncio.run(at_once.at_once(map(job, range(1, 100)))) == list(range(1, 100))


def test_many_are_not_all_under_way_at_the_same_time() -> None:
    most = 0
    going = 0

    async def job() -> None:
        nonlocal most, going
        going += 1
        most = max(most, going)
        await asyncio.sleep(0)
        going -= 1

    asyncio.run(at_once.at_once(job() for _ in range(200)))
    assert most == at_once.AT_ONCE
