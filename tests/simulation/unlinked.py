"""Claims as a container would have them whose lock is to delete a file from a Volume.

Every container deletes in its own snapshot, which is as old as its start, and every deletion
succeeds. Here an entry that is in no snapshot is a file to delete.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

from reconciler.dispatch.ports import Claims
from reconciler.model.formats import Entry
from tests.simulation.ports import SimulatedClaims


@dataclass
class UnlinkedFiles:
    """See the module."""

    real: SimulatedClaims
    gone: set[str] = field(default_factory=set)

    @classmethod
    def at_start(cls, claims: Claims) -> Self:
        """Those of a container that starts now."""
        assert isinstance(claims, SimulatedClaims)
        return cls(claims, set(claims.container.world.entries))

    async def put_new(self, key: str, entry: Entry) -> bool:
        """See :class:`~reconciler.dispatch.ports.Claims`; not atomic."""
        if key in self.gone:
            return False
        self.gone.add(key)
        await self.real.put(key, entry)
        return True

    async def get(self, key: str) -> Entry | None:
        """See :class:`~reconciler.dispatch.ports.Claims`."""
        return await self.real.get(key)

    async def put(self, key: str, entry: Entry) -> None:
        """See :class:`~reconciler.dispatch.ports.Claims`."""
        await self.real.put(key, entry)
