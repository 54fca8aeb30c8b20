"""Several calls to Modal at the same time, and no more than that."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Final, TypeVar

T = TypeVar("T")

AT_ONCE: Final = 32
"""Calls to Modal under way at the same time."""


async def at_once(jobs: Iterable[Awaitable[T]]) -> list[T]:
    """Run the jobs, a bounded number at the same time; results in their order."""
    jobs = tuple(jobs)
    if len(jobs) <= 1:
        return [await job for job in jobs]
    if len(jobs) <= AT_ONCE:
        return await asyncio.gather(*jobs)
    free = asyncio.Semaphore(AT_ONCE)

    async def run(job: Awaitable[T]) -> T:
        async with free:
            return await job

    return await asyncio.gather(*(run(job) for job in jobs))
