"""The core broken on purpose, in the ways that hand-made dispatchers are.

Each stands between the real core and its ports, and makes it act as if it were written so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from reconciler.cron import minute
from reconciler.dispatch.cursor import CURSOR_KEY
from reconciler.dispatch.occurrence import Occurrence, format_minute, parse_minute
from reconciler.dispatch.ports import Claims, Clock, Entry
from reconciler.dispatch.wake import Ports, WakeRequest
from tests.simulation.ports import SimulatedClaims
from tests.simulation.run import Break


@dataclass
class _Claims:
    """The real claims, handed on."""

    real: Claims
    clock: Clock

    async def put_new(self, key: str, entry: Entry) -> bool:
        return await self.real.put_new(key, entry)

    async def get(self, key: str) -> Entry | None:
        return await self.real.get(key)

    async def put(self, key: str, entry: Entry) -> None:
        await self.real.put(key, entry)


class _ClaimAfterSpawn(_Claims):
    """Looks whether there is a claim, and makes its own only when the call has started."""

    async def put_new(self, key: str, _entry: Entry) -> bool:
        return await self.real.get(key) is None


@dataclass
class _CursorBeforeSpawn(_Claims):
    """Moves the cursor to now before anything has started."""

    async def get(self, key: str) -> Entry | None:
        found = await self.real.get(key)
        if key == CURSOR_KEY and found is not None:
            now = format_minute(minute(self.clock.now()))
            await self.real.put(key, {**found, "through": max(now, str(found["through"]))})
        return found


class _LastRunIsNow(_Claims):
    """Claims the minute in which it runs, instead of the nominal one."""

    def _now(self, key: str) -> str:
        name, separator, rest = key.partition("@")
        if not separator:
            return key
        attempt = rest.partition("#")[2]
        occurrence = Occurrence(name, minute(self.clock.now())).id
        return f"{occurrence}#{attempt}" if attempt else occurrence

    async def put_new(self, key: str, entry: Entry) -> bool:
        return await self.real.put_new(self._now(key), entry)

    async def get(self, key: str) -> Entry | None:
        return await self.real.get(self._now(key))

    async def put(self, key: str, entry: Entry) -> None:
        await self.real.put(self._now(key), entry)


class _HourBucketOnly(_Claims):
    """Looks no further back than the beginning of this hour."""

    async def get(self, key: str) -> Entry | None:
        found: Mapping[str, Any] | None = await self.real.get(key)
        if key != CURSOR_KEY or found is None or found["through"] is None:
            return found
        hour = minute(self.clock.now().replace(minute=0)) - 1
        return {**found, "through": format_minute(max(hour, parse_minute(found["through"])))}


@dataclass
class _UnlinkAsLock(_Claims):
    """Takes what its own view of the Volume shows to be free; the view is as old as the wake."""

    taken: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        assert isinstance(self.real, SimulatedClaims)
        self.taken = set(self.real.container.world.entries)

    async def put_new(self, key: str, entry: Entry) -> bool:
        if key in self.taken:
            return False
        self.taken.add(key)
        await self.real.put(key, entry)
        return True


def _with(claims: type[_Claims]) -> Break:
    def broken(ports: Ports, _request: WakeRequest) -> Ports:
        return replace(ports, claims=claims(ports.claims, ports.clock))

    return broken


MUTANTS: Final[Mapping[str, Break]] = {
    "claim after spawn": _with(_ClaimAfterSpawn),
    "cursor before spawn": _with(_CursorBeforeSpawn),
    "last run is now": _with(_LastRunIsNow),
    "hour bucket only": _with(_HourBucketOnly),
    "unlink as lock": _with(_UnlinkAsLock),
}
