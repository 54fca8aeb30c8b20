"""The dispatcher's ports in memory: for tests, and for asking what a wake would do.

Each call yields to other tasks between what it does and its answer, as a call to Modal does: an
answer may be out of date when its caller sees it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from reconciler.alerts import Address
from reconciler.dispatch.answers import (
    CallState,
    CallStatus,
    NotStartedError,
    TargetMissingError,
    UnsentError,
)
from reconciler.model.formats import Damaged, Entry, FormatError, as_entry
from reconciler.model.generation import Generation
from reconciler.model.runs_file import ReadLogs, WakeLog
from reconciler.model.task import SETTLED_FOLDER, TASKS_FOLDER, bucket


@dataclass
class FakeClock:
    """A clock that stands still until it is set."""

    time: datetime

    def now(self) -> datetime:
        """See :class:`~reconciler.dispatch.ports.Clock`."""
        return self.time


@dataclass
class FakeClaims:
    """A dictionary in which nothing expires by itself."""

    entries: dict[str, Entry] = field(default_factory=dict)

    async def put_new(self, key: str, entry: Entry) -> bool:
        """See :class:`~reconciler.dispatch.ports.Claims`."""
        new = key not in self.entries
        if new:
            self.entries[key] = entry
        await asyncio.sleep(0)
        return new

    async def get(self, key: str) -> Entry | None:
        """See :class:`~reconciler.dispatch.ports.Claims`."""
        found = as_entry(self.entries[key]) if key in self.entries else None
        await asyncio.sleep(0)
        return found

    async def put(self, key: str, entry: Entry) -> None:
        """See :class:`~reconciler.dispatch.ports.Claims`."""
        self.entries[key] = entry
        await asyncio.sleep(0)


@dataclass
class FakeGenerations:
    """A pointer to a generation in memory.

    Attributes:
        damage: why what is live cannot be read; None when it can.
    """

    generation: Generation | None = None
    damage: FormatError | None = None

    async def live(self) -> Generation | None:
        """See :class:`~reconciler.dispatch.ports.Generations`."""
        found = self.generation
        await asyncio.sleep(0)
        if self.damage is not None:
            raise self.damage
        return found

    async def last_readable(self) -> Generation | None:
        """See :class:`~reconciler.dispatch.ports.Generations`."""
        await asyncio.sleep(0)
        return self.generation


@dataclass(frozen=True, slots=True)
class StartedCall:
    """A call that :class:`FakeCaller` was asked to start."""

    id: str
    app: str
    function: str
    args: Mapping[str, Any]


@dataclass
class FakeCaller:
    """Remembers what it was asked to start.

    Attributes:
        missing: ``app/function`` names that do not exist.
        unreached: how many of the next starts fail before they are sent.
        statuses: how calls stand, by id; a call that is not named here is running.
        resources: those of calls that were started with others than their function's own.
    """

    missing: set[str] = field(default_factory=set)
    unreached: int = 0
    calls: list[StartedCall] = field(default_factory=list)
    statuses: dict[str, CallStatus] = field(default_factory=dict)
    resources: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    async def start(self, app: str, function: str, args: Mapping[str, Any]) -> str:
        """See :class:`~reconciler.dispatch.ports.Caller`."""
        if self.unreached:
            self.unreached -= 1
            raise NotStartedError("timed out")
        if f"{app}/{function}" in self.missing:
            raise TargetMissingError(f"there is no function {app}/{function}")
        call = StartedCall(f"fc-{len(self.calls) + 1}", app, function, args)
        self.calls.append(call)
        await asyncio.sleep(0)
        return call.id

    async def start_with(
        self, app: str, function: str, args: Mapping[str, Any], resources: Mapping[str, Any]
    ) -> str:
        """See :class:`~reconciler.dispatch.ports.Caller`."""
        call = await self.start(app, function, args)
        self.resources[call] = resources
        return call

    async def look_up(self, app: str, function: str) -> None:
        """See :class:`~reconciler.dispatch.ports.Caller`."""
        await asyncio.sleep(0)
        if f"{app}/{function}" in self.missing:
            raise TargetMissingError(f"there is no function {app}/{function}")

    async def status(self, call: str) -> CallStatus:
        """See :class:`~reconciler.dispatch.ports.Caller`."""
        found = self.statuses.get(call, CallStatus(CallState.RUNNING))
        await asyncio.sleep(0)
        return found

    async def supervise(self, order: Mapping[str, Any]) -> str:
        """See :class:`~reconciler.dispatch.ports.Caller`."""
        return await self.start("own", "supervise_run", {"order": order})

    async def wait(self, call: str, _seconds: float | None) -> CallStatus:
        """See :class:`~reconciler.dispatch.ports.Caller`; does not wait."""
        return await self.status(call)

    async def cancel(self, call: str) -> None:
        """See :class:`~reconciler.dispatch.ports.Caller`."""
        found = self.statuses.get(call)
        if found is None or not found.ended:
            self.statuses[call] = CallStatus(CallState.CANCELLED)
        await asyncio.sleep(0)


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A message that :class:`FakeMessenger` was given."""

    address: Address
    suffix: str
    body: bytes | None


@dataclass
class FakeMessenger:
    """Remembers what it was given.

    Attributes:
        refusing: hosts, as they are shown, that take nothing.
        unknown: URLs that their hosts do not know.
    """

    sent: list[SentMessage] = field(default_factory=list)
    refusing: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)

    async def send(self, address: Address, suffix: str, body: bytes | None) -> None:
        """See :class:`~reconciler.dispatch.ports.Messenger`."""
        if address.shown in self.refusing:
            raise UnsentError("it answered 500", answered=True)
        if address.url in self.unknown:
            raise UnsentError("it answered 404", answered=True)
        self.sent.append(SentMessage(address, suffix, body))
        await asyncio.sleep(0)


@dataclass
class FakeRunLog:
    """Logs in memory."""

    logs: list[WakeLog] = field(default_factory=list)
    damaged: list[Damaged] = field(default_factory=list)

    async def write(self, log: WakeLog) -> None:
        """See :class:`~reconciler.dispatch.ports.RunLog`."""
        self.logs.append(log)
        await asyncio.sleep(0)

    async def recent(self, days: int, about: Callable[[str], bool] | None = None) -> ReadLogs:
        """See :class:`~reconciler.dispatch.ports.RunLog`."""
        newest = sorted({log.day for log in self.logs})[-days:]
        found = [log for log in self.logs if log.day in newest]
        if about is not None:
            found = [
                replace(log, records=tuple(line for line in log.records if about(line.name)))
                for log in found
            ]
        await asyncio.sleep(0)
        return ReadLogs(sorted(found, key=lambda log: log.path), self.damaged)


@dataclass
class FakeTaskFiles:
    """Files in memory."""

    files: dict[str, bytes] = field(default_factory=dict)

    async def pending(self, until: int | None = None) -> Sequence[str]:
        """See :class:`~reconciler.dispatch.ports.TaskFiles`."""
        last = None if until is None else bucket(until)
        found = [
            path
            for path in self._below(TASKS_FOLDER)
            if last is None or path.rpartition("/")[0] <= last
        ]
        await asyncio.sleep(0)
        return found

    async def settled(self) -> Sequence[str]:
        """See :class:`~reconciler.dispatch.ports.TaskFiles`."""
        found = self._below(SETTLED_FOLDER)
        await asyncio.sleep(0)
        return found

    async def read(self, path: str) -> bytes | None:
        """See :class:`~reconciler.dispatch.ports.TaskFiles`."""
        found = self.files.get(path)
        await asyncio.sleep(0)
        return found

    async def change(self, write: Mapping[str, bytes], remove: Collection[str] = ()) -> None:
        """See :class:`~reconciler.dispatch.ports.TaskFiles`."""
        self.files.update(write)
        for path in remove:
            self.files.pop(path, None)
        await asyncio.sleep(0)

    async def remove_empty_buckets(self, before: str) -> None:
        """See :class:`~reconciler.dispatch.ports.TaskFiles`; there are no folders here."""

    def _below(self, folder: str) -> list[str]:
        return sorted(path for path in self.files if path.startswith(f"{folder}/"))


@dataclass
class FakeBackfillFiles:
    """Files in memory."""

    files: dict[str, bytes] = field(default_factory=dict)

    async def listed(self) -> Sequence[str]:
        """See :class:`~reconciler.dispatch.ports.BackfillFiles`."""
        found = sorted(self.files)
        await asyncio.sleep(0)
        return found

    async def read(self, path: str) -> bytes | None:
        """See :class:`~reconciler.dispatch.ports.BackfillFiles`."""
        found = self.files.get(path)
        await asyncio.sleep(0)
        return found

    async def write(self, path: str, content: bytes) -> None:
        """See :class:`~reconciler.dispatch.ports.BackfillFiles`."""
        self.files[path] = content
        await asyncio.sleep(0)

    async def remove(self, paths: Collection[str]) -> None:
        """See :class:`~reconciler.dispatch.ports.BackfillFiles`."""
        for path in paths:
            self.files.pop(path, None)
        await asyncio.sleep(0)
