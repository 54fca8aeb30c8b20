"""Entries that are stored at about the same time go to Modal in one call.

A wake confirms each start, and with many due at once the confirmations are a third of its calls.
The first goes out at once; what comes while it is under way waits for it and then goes together.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from reconciler.model.formats import Entry


@dataclass
class _Batch:
    entries: dict[str, Entry] = field(default_factory=dict)
    sending: asyncio.Task[None] | None = None


@dataclass
class SharedPuts:
    """Puts that share their calls.

    Invariant: *a put returns only after a call that held its entry has succeeded*, and raises what
    that call raised. Of two puts under one key the later one wins, as if each had its own call.

    Attributes:
        store: stores entries, in one call.
    """

    store: Callable[[Mapping[str, Entry]], Awaitable[None]]
    _next: _Batch = field(default_factory=_Batch)
    _under_way: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def put(self, key: str, entry: Entry) -> None:
        """Store an entry."""
        batch = self._next
        batch.entries[key] = entry
        if batch.sending is None:
            batch.sending = asyncio.create_task(self._send(batch))
        # Whoever is cancelled takes nothing from the others.
        await asyncio.shield(batch.sending)

    async def _send(self, batch: _Batch) -> None:
        async with self._under_way:
            self._next = _Batch()
            await self.store(batch.entries)
