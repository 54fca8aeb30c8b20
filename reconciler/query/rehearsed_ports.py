"""Ports that answer as the real ones do, and change nothing: what a wake would do is what it does
on them.

What the wake stores it finds again, and a call that it starts is running. Nothing is sent, and the
day's chores are left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from reconciler.dispatch.answers import CallState, CallStatus, NotStartedError, UnavailableError
from reconciler.dispatch.wake.request import Ports
from reconciler.model.formats import Entry
from reconciler.model.runs_file import ReadLogs, WakeLog

if TYPE_CHECKING:
    from reconciler.dispatch.ports import Caller, Claims, RunLog, TaskFiles

REHEARSED: Final = "rehearsed-"
"""How the ids of calls begin that were not started."""


@dataclass
class RehearsedClaims:
    """The Dict, and what would be stored in it.

    Attributes:
        stored: by key, what would be.
    """

    claims: Claims
    stored: dict[str, Entry] = field(default_factory=dict)

    async def put_new(self, key: str, entry: Entry) -> bool:
        """See :class:`~reconciler.dispatch.ports.Claims`."""
        if key in self.stored or await self.claims.get(key) is not None:
            return False
        self.stored[key] = entry
        return True

    async def get(self, key: str) -> Entry | None:
        """See :class:`~reconciler.dispatch.ports.Claims`."""
        return self.stored[key] if key in self.stored else await self.claims.get(key)

    async def put(self, key: str, entry: Entry) -> None:
        """See :class:`~reconciler.dispatch.ports.Claims`."""
        self.stored[key] = entry


@dataclass
class RehearsedCaller:
    """Calls, none of which is started or cancelled; whether there is such a function is asked."""

    caller: Caller
    cancelled: set[str] = field(default_factory=set)
    started: int = 0

    async def start(self, app: str, function: str, _args: Mapping[str, Any]) -> str:
        """See :class:`~reconciler.dispatch.ports.Caller`."""
        try:
            await self.caller.look_up(app, function)
        except UnavailableError as error:
            raise NotStartedError(str(error)) from error
        return self._call()

    async def start_with(
        self, app: str, function: str, args: Mapping[str, Any], _resources: Mapping[str, Any]
    ) -> str:
        """See :class:`~reconciler.dispatch.ports.Caller`."""
        return await self.start(app, function, args)

    async def look_up(self, app: str, function: str) -> None:
        """See :class:`~reconciler.dispatch.ports.Caller`."""
        await self.caller.look_up(app, function)

    async def supervise(self, _order: Mapping[str, Any]) -> str:
        """See :class:`~reconciler.dispatch.ports.Caller`."""
        return self._call()

    async def status(self, call: str) -> CallStatus:
        """See :class:`~reconciler.dispatch.ports.Caller`."""
        if call in self.cancelled:
            return CallStatus(CallState.CANCELLED)
        if call.startswith(REHEARSED):
            return CallStatus(CallState.RUNNING)
        return await self.caller.status(call)

    async def wait(self, call: str, _seconds: float | None) -> CallStatus:
        """See :class:`~reconciler.dispatch.ports.Caller`; does not wait."""
        return await self.status(call)

    async def cancel(self, call: str) -> None:
        """See :class:`~reconciler.dispatch.ports.Caller`."""
        self.cancelled.add(call)

    def _call(self) -> str:
        self.started += 1
        return f"{REHEARSED}{self.started}"


@dataclass(frozen=True)
class RehearsedRunLog:
    """The runs files, to which nothing is added."""

    log: RunLog

    async def write(self, log: WakeLog) -> None:
        """See :class:`~reconciler.dispatch.ports.RunLog`."""

    async def recent(self, days: int, about: Callable[[str], bool] | None = None) -> ReadLogs:
        """See :class:`~reconciler.dispatch.ports.RunLog`."""
        return await self.log.recent(days, about)


@dataclass(frozen=True)
class RehearsedTaskFiles:
    """The files of tasks, of which none is changed."""

    files: TaskFiles

    async def pending(self, until: int | None = None) -> Sequence[str]:
        """See :class:`~reconciler.dispatch.ports.TaskFiles`."""
        return await self.files.pending(until)

    async def settled(self) -> Sequence[str]:
        """See :class:`~reconciler.dispatch.ports.TaskFiles`."""
        return await self.files.settled()

    async def read(self, path: str) -> bytes | None:
        """See :class:`~reconciler.dispatch.ports.TaskFiles`."""
        return await self.files.read(path)

    async def change(self, write: Mapping[str, bytes], remove: Collection[str] = ()) -> None:
        """See :class:`~reconciler.dispatch.ports.TaskFiles`."""

    async def remove_empty_buckets(self, before: str) -> None:
        """See :class:`~reconciler.dispatch.ports.TaskFiles`."""


def rehearsed(ports: Ports) -> tuple[Ports, RehearsedClaims]:
    """The ports on which a wake changes nothing, and what would be stored in the Dict."""
    claims = RehearsedClaims(ports.claims)
    changed = replace(
        ports,
        claims=claims,
        caller=RehearsedCaller(ports.caller),
        log=RehearsedRunLog(ports.log),
        archive=None,
        tasks=None if ports.tasks is None else RehearsedTaskFiles(ports.tasks),
        messenger=None,
    )
    return changed, claims
