"""A lease's holders, and Dict calls that fail."""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from reconciler.deploy.lease import (
    Holder,
)
from reconciler.dispatch.adapters.in_memory import FakeClaims
from reconciler.dispatch.answers import UnavailableError
from reconciler.model.formats import Entry

T = TypeVar("T")
START = datetime(2026, 11, 20, 15, tzinfo=UTC)


ALICE = Holder(owner="alice", link="https://ci.example/run/7")


BOB = Holder(owner="bob")


@dataclass
class FailingClaims(FakeClaims):
    """Every write of a kind fails so many times, after it is done or before."""

    of: str = "put"
    times: int = 0
    done: bool = False

    async def put_new(self, key: str, entry: Entry) -> bool:
        return await self._fail("put_new", super().put_new(key, entry))

    async def put(self, key: str, entry: Entry) -> None:
        await self._fail("put", super().put(key, entry))

    async def _fail(self, of: str, write: Coroutine[None, None, T]) -> T:
        if of != self.of or not self.times:
            return await write
        self.times -= 1
        if self.done:
            await write
        else:
            write.close()
        raise UnavailableError("no answer")
