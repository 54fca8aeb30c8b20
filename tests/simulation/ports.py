"""The dispatcher's ports on the simulated world, through a container in which things go wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from reconciler.dispatch.generation import Generation
from reconciler.dispatch.ports import (
    CallState,
    CallStatus,
    Entry,
    StartUnknownError,
    UnavailableError,
)
from reconciler.dispatch.runs import WakeLog
from reconciler.dispatch.wake import Ports
from tests.simulation.faults import Container


@dataclass(frozen=True, slots=True)
class SimulatedClock:
    """The clock of a machine, which may be wrong."""

    container: Container

    def now(self) -> datetime:
        """See :class:`~reconciler.dispatch.ports.Clock`."""
        return datetime.fromtimestamp(self.container.world.now + self.container.skew, UTC)


@dataclass(frozen=True, slots=True)
class SimulatedClaims:
    """The Dict."""

    container: Container

    async def put_new(self, key: str, entry: Entry) -> bool:
        """See :class:`~reconciler.dispatch.ports.Claims`."""
        self.container.in_hand.add(key.partition("#")[0])
        return await self.container.call(
            lambda: self.container.world.put_new(key, entry), UnavailableError, resend=True
        )

    async def get(self, key: str) -> Entry | None:
        """See :class:`~reconciler.dispatch.ports.Claims`."""
        return await self.container.call(lambda: self.container.world.get(key), UnavailableError)

    async def put(self, key: str, entry: Entry) -> None:
        """See :class:`~reconciler.dispatch.ports.Claims`."""
        await self.container.call(
            lambda: self.container.world.put(key, entry), UnavailableError, resend=True
        )


@dataclass(frozen=True, slots=True)
class SimulatedGenerations:
    """The pointer, read as it was a while ago."""

    container: Container
    age: float

    async def live(self) -> Generation | None:
        """See :class:`~reconciler.dispatch.ports.Generations`."""
        world = self.container.world
        return await self.container.call(lambda: world.live(world.now - self.age), UnavailableError)


@dataclass(frozen=True, slots=True)
class SimulatedCaller:
    """Starts calls that take a while."""

    container: Container

    async def start(self, _app: str, _function: str, args: Mapping[str, Any]) -> str:
        """See :class:`~reconciler.dispatch.ports.Caller`."""
        container = self.container
        return await container.call(
            lambda: container.world.start(args["id"], container.skew, by_hand=container.by_hand),
            StartUnknownError,
        )

    async def status(self, call: str) -> CallStatus:
        """See :class:`~reconciler.dispatch.ports.Caller`."""
        world = self.container.world
        over = world.now >= world.ends[call]
        state = CallState.SUCCEEDED if over else CallState.RUNNING
        return await self.container.call(lambda: CallStatus(state), UnavailableError)

    async def supervise(self, order: Mapping[str, Any]) -> str:
        """See :class:`~reconciler.dispatch.ports.Caller`."""
        return await self.start("own", "supervisor", {"id": order["occurrence"]})

    async def wait(self, call: str, _seconds: float | None) -> CallStatus:
        """See :class:`~reconciler.dispatch.ports.Caller`."""
        return await self.status(call)

    async def cancel(self, call: str) -> None:
        """See :class:`~reconciler.dispatch.ports.Caller`."""
        await self.container.call(
            lambda: self.container.world.cancel(call), StartUnknownError, resend=True
        )


@dataclass(frozen=True, slots=True)
class SimulatedRunLog:
    """The runs files."""

    container: Container

    async def write(self, log: WakeLog) -> None:
        """See :class:`~reconciler.dispatch.ports.RunLog`."""
        await self.container.call(
            lambda: self.container.world.logs.append(log), UnavailableError, resend=True
        )

    async def recent(self, days: int) -> Sequence[WakeLog]:
        """See :class:`~reconciler.dispatch.ports.RunLog`."""
        logs = self.container.world.logs

        def read() -> Sequence[WakeLog]:
            newest = sorted({log.day for log in logs})[-days:]
            return sorted((log for log in logs if log.day in newest), key=lambda log: log.path)

        return await self.container.call(read, UnavailableError)


def simulated_ports(container: Container, staleness: float) -> Ports:
    """The ports of one wake."""
    return Ports(
        clock=SimulatedClock(container),
        claims=SimulatedClaims(container),
        generations=SimulatedGenerations(container, staleness),
        caller=SimulatedCaller(container),
        log=SimulatedRunLog(container),
    )
