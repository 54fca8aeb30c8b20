"""Ports of which one call goes wrong: refused, its answer lost, or the container's last."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from reconciler.alerts import Address
from reconciler.dispatch.answers import (
    CallStatus,
    NotStartedError,
    StartUnknownError,
    UnavailableError,
    UnsentError,
)
from reconciler.model.formats import Entry
from tests.dispatch.scenario import Killed

T = TypeVar("T")

WAYS: Final = ("refused", "answer lost", "killed before", "killed after")
"""How a call can go wrong."""


@dataclass
class Faults:
    """Lets the n-th call, counted from 0, go wrong in one way; -1 for none.

    Attributes:
        made: the calls so far, by name.
    """

    nth: int = -1
    way: str = "refused"
    made: list[str] = field(default_factory=list)

    async def call(
        self,
        name: str,
        act: Callable[[], Awaitable[T]],
        error: Exception,
        unknown: Exception | None = None,
    ) -> T:
        """Make a call, or let it go wrong.

        Args:
            error: what is raised where nothing was done.
            unknown: what is raised where the answer is lost; None for the same.
        """
        hit = len(self.made) == self.nth
        self.made.append(name)
        if hit and self.way == "killed before":
            raise Killed
        if hit and self.way == "refused":
            raise error
        answer = await act()
        if hit and self.way == "killed after":
            raise Killed
        if hit and self.way == "answer lost":
            raise unknown or error
        return answer


@dataclass
class Faulty:
    """A port through which faults come."""

    faults: Faults
    port: Any

    async def put_new(self, key: str, entry: Entry) -> bool:
        return await self.faults.call(
            f"put_new {key}", lambda: self.port.put_new(key, entry), UnavailableError()
        )

    async def get(self, key: str) -> Entry | None:
        return await self.faults.call(f"get {key}", lambda: self.port.get(key), UnavailableError())

    async def put(self, key: str, entry: Entry) -> None:
        await self.faults.call(f"put {key}", lambda: self.port.put(key, entry), UnavailableError())

    async def write(self, *what: Any) -> None:
        await self.faults.call("write", lambda: self.port.write(*what), UnavailableError())

    async def recent(self, days: int, about: Any = None) -> Any:
        return await self.port.recent(days, about)

    async def remove(self, paths: Any) -> None:
        await self.port.remove(paths)

    async def listed(self) -> Any:
        return await self.port.listed()

    async def read(self, path: str) -> Any:
        return await self.port.read(path)

    async def send(self, address: Address, suffix: str, body: bytes | None) -> None:
        await self.faults.call(
            f"send {address.shown}{suffix}",
            lambda: self.port.send(address, suffix, body),
            UnsentError("no answer"),
        )

    async def start(self, app: str, function: str, args: Mapping[str, Any]) -> str:
        return await self.faults.call(
            "start",
            lambda: self.port.start(app, function, args),
            NotStartedError("timed out"),
            StartUnknownError("timed out"),
        )

    async def start_with(
        self, app: str, function: str, args: Mapping[str, Any], resources: Mapping[str, Any]
    ) -> str:
        return await self.faults.call(
            "start",
            lambda: self.port.start_with(app, function, args, resources),
            NotStartedError("timed out"),
            StartUnknownError("timed out"),
        )

    async def look_up(self, app: str, function: str) -> None:
        await self.port.look_up(app, function)

    async def supervise(self, order: Mapping[str, Any]) -> str:
        return await self.faults.call(
            "supervise",
            lambda: self.port.supervise(order),
            NotStartedError("timed out"),
            StartUnknownError("timed out"),
        )

    async def status(self, call: str) -> CallStatus:
        return await self.faults.call(
            f"status {call}", lambda: self.port.status(call), UnavailableError()
        )

    async def wait(self, call: str, seconds: float | None) -> CallStatus:
        return await self.faults.call(
            f"wait {call}", lambda: self.port.wait(call, seconds), UnavailableError()
        )

    async def cancel(self, call: str) -> None:
        await self.faults.call(f"cancel {call}", lambda: self.port.cancel(call), UnavailableError())
