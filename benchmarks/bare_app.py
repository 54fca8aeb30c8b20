"""The floor of a wake: a function that makes as many calls, and does nothing else."""

from __future__ import annotations

import asyncio

import modal

app = modal.App("bare", image=modal.Image.debian_slim())
entries = modal.Dict.from_name("bare", create_if_missing=True)
nothing = modal.Function.from_name("silent", "nothing")


@app.function(max_containers=1, scaledown_window=2)
async def start(key: str, count: int, at_once: int, before: list[str]) -> list[str]:
    """Claim and spawn so many times, then ask how the calls of the time before have ended.

    Returns:
        The ids of the calls.
    """
    free = asyncio.Semaphore(at_once)

    async def one(number: int) -> str:
        async with free:
            await entries.put.aio(f"{key}/{number}", {}, skip_if_exists=True)
            call = await nothing.spawn.aio(f"{key}/{number}")
            return str(call.object_id)

    async def look(call: str) -> None:
        async with free:
            await modal.FunctionCall.from_id(call).get.aio(timeout=0)

    started = await asyncio.gather(*map(one, range(count)))
    await asyncio.gather(*map(look, before))
    return started
