"""A job queue with FastAPI, under load and while its web container is killed."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.engine_fixture import EmptyEngines, RunningEngine

QUEUE_APP = Path(__file__).with_name("queue_app.py")
AT_ONCE = 50
JOBS = int(os.environ.get("WEB_JOBS", "200"))
"""Jobs of the test of many; `WEB_JOBS=1000` plays more."""
FIND = "import modal; print(modal.Function.from_name('job-queue', 'web').get_web_url(), end='')"
EXECUTIONS = """
import modal
print(*modal.Dict.from_name("executions", create_if_missing=True).values(), end="")
"""


@pytest.fixture(scope="module")
def queue(empty_engines: EmptyEngines) -> Iterator[RunningEngine]:
    """An engine for the module, since a test kills containers of it."""
    with empty_engines.lend() as lend:
        engine = lend()
        engine.modal("deploy", str(QUEUE_APP))
        yield engine


def executions(engine: RunningEngine) -> Counter[str]:
    """How often the job of each call was executed."""
    return Counter(engine.python("-c", EXECUTIONS).split())


async def submitted(session: aiohttp.ClientSession, number: int) -> str | None:
    """The id of the call that was accepted; None if the request got no answer."""
    try:
        async with session.post("/submit", params={"number": number}) as answer:
            if answer.status == 200:
                return str((await answer.json())["call_id"])
    except aiohttp.ClientError:
        return None
    assert answer.status == 500
    return None


async def fetched(session: aiohttp.ClientSession, call: str) -> int:
    """Poll until the result is there."""
    while True:
        try:
            async with session.get(f"/result/{call}") as answer:
                if answer.status == 200:
                    return int((await answer.json())["result"])
                assert answer.status in (202, 500)
            await asyncio.sleep(0.05)
        except aiohttp.ClientError:
            continue


def play(engine: RunningEngine, count: int, during: Callable[[int], None]) -> dict[str, int]:
    """Submit numbers and poll for each until its result is there, 50 at once.

    Args:
        during: called with each number that was submitted.

    Returns:
        The number that each accepted call was given; every result was compared with it.
    """
    accepted: dict[str, int] = {}

    async def one(session: aiohttp.ClientSession, free: asyncio.Semaphore, number: int) -> None:
        async with free:
            call = await submitted(session, number)
            during(number)
            if call is not None:
                accepted[call] = number
                assert await fetched(session, call) == 2 * number

    async def all_of_them() -> None:
        free = asyncio.Semaphore(AT_ONCE)
        address = engine.python("-c", FIND)
        async with aiohttp.ClientSession(address) as session:
            await asyncio.gather(*(one(session, free, number) for number in range(count)))

    asyncio.run(all_of_them())
    return accepted


def test_of_many_jobs_at_fifty_at_once_each_is_done_once(queue: RunningEngine) -> None:
    before = executions(queue)
    accepted = play(queue, JOBS, lambda _: None)
    assert sorted(accepted.values()) == list(range(JOBS))
    assert executions(queue) - before == Counter(dict.fromkeys(accepted, 1))


def test_a_killed_web_container_loses_no_accepted_job(queue: RunningEngine) -> None:
    def kill(number: int) -> None:
        if number in (60, 120):
            for pid in queue.status()["pids_by_function"].get("web", []):
                os.kill(pid, signal.SIGKILL)

    accepted = play(queue, 200, kill)
    done = executions(queue)
    assert len(accepted) > AT_ONCE
    assert {call: done[call] for call in accepted} == dict.fromkeys(accepted, 1)


def test_an_unknown_call_is_not_found(queue: RunningEngine) -> None:
    async def ask() -> int:
        async with (
            aiohttp.ClientSession(queue.python("-c", FIND)) as session,
            session.get("/result/fc-0123456789abcdefghijkl") as answer,
        ):
            return answer.status

    assert asyncio.run(ask()) == 404
