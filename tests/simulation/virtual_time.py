"""An event loop in which waiting costs nothing: when every task waits, time jumps."""

from __future__ import annotations

import asyncio
import gc
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Skipping(selectors.SelectSelector):
    """Waits for nothing; moves the loop's time on instead."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("every task waits, and none for a time: a deadlock")
        self.now += max(0.0, timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Seconds of ``time()`` are virtual; what runs in it is as deterministic as its inputs."""

    def __init__(self) -> None:
        self._skipping = _Skipping()
        super().__init__(self._skipping)

    def time(self) -> float:
        """Seconds since the loop was made."""
        return self._skipping.now


def run_virtually(job: Coroutine[Any, Any, T]) -> T:
    """Run a job to its end in a loop of its own."""
    loop = VirtualLoop()
    # A simulation keeps most of what it makes: to look for garbage costs a seventh of its time.
    gc.disable()
    try:
        return loop.run_until_complete(job)
    finally:
        gc.enable()
        loop.close()
