"""An answer that is good for a moment: requests at the same time, or soon after, share it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

from reconciler.dispatch.ports import Clock

T = TypeVar("T")

LIFE: Final = timedelta(seconds=5)


@dataclass
class Recent(Generic[T]):
    """The newest answer to one question. An error is not kept.

    Attributes:
        ask: asks the question.
        clock: an answer is as old as its question.
        life: how old an answer may be.
    """

    ask: Callable[[], Awaitable[T]]
    clock: Clock
    life: timedelta = LIFE
    _found: tuple[datetime, T] | None = None
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def get(self) -> T:
        """The answer, young enough."""
        async with self._asking:
            now = self.clock.now()
            if self._found is not None and timedelta(0) <= now - self._found[0] < self.life:
                return self._found[1]
            found = await self.ask()
            self._found = (now, found)
            return found
