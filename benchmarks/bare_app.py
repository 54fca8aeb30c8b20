"""The floor of a wake: a function that makes as many calls, and does nothing else."""

from __future__ import annotations

import asyncio

import modal

app = modal.App("bare", image=modal.Image.debian_slim())
entries = modal.Dict.from_name("bare", create_if_missing=True)
nothing = modal.Function.from_name("silent", "nothing")


@app.function(max_containers=1, scaledown_window=2)
async def start(key: str, count: int, at_once: int) -> None:
    """Claim and spawn so many times: what no wake can do without."""
    free = asyncio.Semaphore(at_once)

    async def one(number: int) -> None:
        async with free:
            await entries.put.aio(f"{key}/{number}", {}, skip_if_exists=True)
            await nothing.spawn.aio(f"{key}/{number}")

    await asyncio.gather(*map(one, range(count)))
