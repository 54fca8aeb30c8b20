"""What the engine reads of its containers, and when it stops."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from types import SimpleNamespace
from typing import Any, cast

import pytest

from reconciler.engine.containers.container import Container
from reconciler.engine.containers.output import Output


def test_streams_that_a_container_left_open_are_closed_when_the_engine_stops_reading() -> None:
    """Else their end, which comes later, would wake the event loop without a pause."""
    pipes = [os.pipe(), os.pipe()]
    (out, _), (err, _) = pipes
    process = SimpleNamespace(stdout=out, stderr=err)
    container = cast("Container", SimpleNamespace(id="ta-1", process=process))
    nothing = cast("Any", None)

    async def stop_reading() -> None:
        following = asyncio.create_task(Output(nothing, nothing).follow(container))
        await asyncio.sleep(0)
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following

    asyncio.run(stop_reading())
    for reading, writing in pipes:
        os.close(writing)
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(reading)
