"""Several calls to Modal at the same time, and no more than that."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Any, Final, TypeVar, overload

T = TypeVar("T")
U = TypeVar("U")
V = TypeVar("V")

AT_ONCE: Final = 32
"""Calls to Modal under way at the same time."""
GRACE: Final = 0.5
"""Seconds that the others have to end by themselves when one has failed."""


@overload
async def together(first: Awaitable[T], second: Awaitable[U], /) -> tuple[T, U]: ...
@overload
async def together(
    first: Awaitable[T], second: Awaitable[U], third: Awaitable[V], /
) -> tuple[T, U, V]: ...
@overload
async def together(*jobs: Awaitable[T]) -> tuple[T, ...]: ...
async def together(*jobs: Awaitable[Any]) -> tuple[Any, ...]:
    """Run all jobs at the same time; results in their order.

    When one fails, or we are cancelled, the others are ended before that is raised: no caller would
    take their results, and asyncio writes a traceback for each that fails later.
    """
    tasks = [asyncio.ensure_future(job) for job in jobs]
    try:
        return tuple(await asyncio.gather(*tasks))
    except BaseException as error:
        try:
            if isinstance(error, Exception):
                # What has only begun most likely fails for the same reason; cancelled that early,
                # Modal's client warns of coroutines of its own that were never awaited.
                await asyncio.wait(tasks, timeout=GRACE)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        raise


async def at_once(jobs: Iterable[Awaitable[T]]) -> list[T]:
    """Run the jobs, a bounded number at the same time; results in their order.

    When one fails, the others come to their end before that is raised: of a start that is cut off
    it is not known whether it took place.
    """
    jobs = tuple(jobs)
    if len(jobs) <= 1:
        return [await job for job in jobs]
    free = asyncio.Semaphore(AT_ONCE)

    async def run(job: Awaitable[T]) -> T:
        async with free:
            return await job

    ended = await asyncio.gather(*map(run, jobs), return_exceptions=True)
    for one in ended:
        if isinstance(one, BaseException):
            raise one
    return [one for one in ended if not isinstance(one, BaseException)]
