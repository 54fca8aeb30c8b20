"""The dispatcher's ports on the simulated world, through a container in which things go wrong."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from reconciler.alerts import Address
from reconciler.dispatch.adapters.in_memory import FakeTaskFiles
from reconciler.dispatch.answers import (
    CallStatus,
    NotStartedError,
    StartUnknownError,
    UnavailableError,
    UnsentError,
)
from reconciler.dispatch.wake.cursor_entry import PATIENCE
from reconciler.dispatch.wake.request import Ports
from reconciler.model.cursor import CURSOR_KEY
from reconciler.model.formats import Damaged, Entry
from reconciler.model.generation import Generation
from reconciler.model.runs_file import ReadLogs, WakeLog
from tests.simulation.faults import Container
from tests.simulation.world import Alarm, Call


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
        world = self.container.world
        self.container.in_hand.add(key.partition("#")[0])
        return await self.container.call(
            lambda: world.put_new(key, entry), UnavailableError, resend=True
        )

    async def get(self, key: str) -> Entry | None:
        """See :class:`~reconciler.dispatch.ports.Claims`."""
        return await self.container.call(lambda: self.container.world.get(key), UnavailableError)

    async def put(self, key: str, entry: Entry) -> None:
        """See :class:`~reconciler.dispatch.ports.Claims`."""
        world, began = self.container.world, self.container.began
        asked = world.now

        def put() -> None:
            may_undo = world.now - asked > PATIENCE or world.harm.cursor_lost >= began
            may_undo = may_undo and key == CURSOR_KEY
            before = set(world.counted_misses()) if may_undo else set()
            world.put(key, entry)
            if may_undo:
                world.harm.forgotten |= before.difference(world.counted_misses())

        await self.container.call(put, UnavailableError, resend=True)


@dataclass(frozen=True, slots=True)
class SimulatedGenerations:
    """The pointer, read as it was a while ago."""

    container: Container
    age: float

    async def live(self) -> Generation | None:
        """See :class:`~reconciler.dispatch.ports.Generations`."""
        container, world = self.container, self.container.world

        def read() -> Generation | None:
            container.mount()
            container.task_files = dict(world.task_files)
            return world.live(world.now - self.age)

        return await container.call(read, UnavailableError)

    async def last_readable(self) -> Generation | None:
        """See :class:`~reconciler.dispatch.ports.Generations`."""
        return await self.live()


@dataclass(frozen=True, slots=True)
class SimulatedCaller:
    """Starts calls that take a while.

    Attributes:
        begin: starts a call of the target, given the occurrence's id.
        watch: sets the supervisor to work on its call.
    """

    container: Container
    begin: Callable[[str], Call]
    watch: Callable[[Call], None]

    async def start(self, _app: str, _function: str, args: Mapping[str, Any]) -> str:
        """See :class:`~reconciler.dispatch.ports.Caller`."""
        await self._look_up()
        call = await self.container.call(lambda: self.begin(args["id"]), StartUnknownError)
        return call.id

    async def start_with(
        self, app: str, function: str, args: Mapping[str, Any], _resources: Mapping[str, Any]
    ) -> str:
        """See :class:`~reconciler.dispatch.ports.Caller`."""
        return await self.start(app, function, args)

    async def supervise(self, order: Mapping[str, Any]) -> str:
        """See :class:`~reconciler.dispatch.ports.Caller`."""
        container, given = self.container, dict(order)

        def begin() -> Call:
            call = container.world.start(
                given["occurrence"], container.skew, by_hand=container.by_hand, order=given
            )
            self.watch(call)
            return call

        await self._look_up()
        call = await container.call(begin, StartUnknownError)
        return call.id

    async def look_up(self, _app: str, _function: str) -> None:
        """See :class:`~reconciler.dispatch.ports.Caller`."""
        await self._look_up()

    async def status(self, call: str) -> CallStatus:
        """See :class:`~reconciler.dispatch.ports.Caller`."""
        world = self.container.world
        return await self.container.call(
            lambda: world.calls[call].status(world.now), UnavailableError
        )

    async def wait(self, call: str, seconds: float | None) -> CallStatus:
        """See :class:`~reconciler.dispatch.ports.Caller`."""
        world = self.container.world
        left = world.calls[call].ends - world.now
        # A whole moment later, or rounding may leave it going for ever.
        await asyncio.sleep(max(0.0, left if seconds is None else min(left, seconds)) + 0.001)
        return await self.status(call)

    async def cancel(self, call: str) -> None:
        """See :class:`~reconciler.dispatch.ports.Caller`."""
        await self.container.call(
            lambda: self.container.world.cancel(call), UnavailableError, resend=True
        )

    async def _look_up(self) -> None:
        """The function, of which Modal has to be asked first, once in a container."""

        def look_up() -> None:
            self.container.knows_functions = True

        if not self.container.knows_functions:
            await self.container.call(look_up, NotStartedError)


@dataclass(frozen=True, slots=True)
class SimulatedRunLog:
    """The runs files, and the archive of them."""

    container: Container

    async def write(self, log: WakeLog) -> None:
        """See :class:`~reconciler.dispatch.ports.RunLog`."""
        world = self.container.world

        def commit() -> None:
            self.container.mount()
            if self.container.drops_commit():
                world.lost.append(log)
            else:
                world.store(log)

        await self.container.call(commit, UnavailableError, resend=True)

    async def recent(self, days: int, about: Callable[[str], bool] | None = None) -> ReadLogs:
        """See :class:`~reconciler.dispatch.ports.RunLog`."""

        def read() -> ReadLogs:
            self.container.mount()
            world = self.container.world
            newest = self._days()[-days:]
            paths = sorted(path for path, file in world.files.items() if file.log.day in newest)
            read = [world.files[path].read(about) for path in paths]
            damaged = (one for of_file in read for one in of_file.damaged)
            return ReadLogs((log for of_file in read for log in of_file), damaged)

        return await self.container.call(read, UnavailableError)

    async def days(self) -> Sequence[str]:
        """See :class:`~reconciler.dispatch.ports.Archive`."""
        return await self.container.call(self._days, UnavailableError)

    async def loose_days(self) -> Sequence[str]:
        """See :class:`~reconciler.dispatch.ports.Archive`; a day is as good as one file here."""
        return []

    async def compact(self, day: str, now: int) -> Sequence[Damaged]:
        """See :class:`~reconciler.dispatch.ports.Archive`; there is never anything to do."""
        raise AssertionError(f"{day} is compact at {now}")

    async def summarise(self, day: str) -> None:
        """See :class:`~reconciler.dispatch.ports.Archive`; no wake reads a summary."""
        await self.container.call(lambda: day in self._days(), UnavailableError)

    async def remove(self, day: str) -> None:
        """See :class:`~reconciler.dispatch.ports.Archive`."""
        files = self.container.world.files

        def remove() -> None:
            self.container.mount()
            for path in [path for path, file in files.items() if file.log.day == day]:
                del files[path]

        await self.container.call(remove, UnavailableError, resend=True)

    def _days(self) -> Sequence[str]:
        self.container.mount()
        return sorted({file.log.day for file in self.container.world.files.values()})


@dataclass(frozen=True, slots=True)
class SimulatedTaskFiles:
    """The files of tasks: as the container's snapshot has them, or as they are from outside."""

    container: Container

    @property
    def _files(self) -> dict[str, bytes]:
        snapshot = self.container.task_files
        return self.container.world.task_files if snapshot is None else snapshot

    async def pending(self, until: int | None = None) -> Sequence[str]:
        """See :class:`~reconciler.dispatch.ports.TaskFiles`."""
        await self._answer()
        return await FakeTaskFiles(self._files).pending(until)

    async def settled(self) -> Sequence[str]:
        """See :class:`~reconciler.dispatch.ports.TaskFiles`."""
        await self._answer()
        return await FakeTaskFiles(self._files).settled()

    async def read(self, path: str) -> bytes | None:
        """See :class:`~reconciler.dispatch.ports.TaskFiles`."""
        return await self.container.call(lambda: self._files.get(path), UnavailableError)

    async def change(self, write: Mapping[str, bytes], remove: Collection[str] = ()) -> None:
        """See :class:`~reconciler.dispatch.ports.TaskFiles`."""

        def commit() -> None:
            self._mount()
            views = [self._files]
            if self.container.task_files is not None and not self.container.drops_commit():
                views.append(self.container.world.task_files)
            for files in views:
                files.update(write)
                for path in remove:
                    files.pop(path, None)

        await self.container.call(commit, UnavailableError, resend=True)

    async def _answer(self) -> None:
        await self.container.call(self._mount, UnavailableError)

    def _mount(self) -> None:
        # Programs find the Volume by its name.
        if self.container.task_files is not None:
            self.container.mount()

    async def remove_empty_buckets(self, before: str) -> None:
        """See :class:`~reconciler.dispatch.ports.TaskFiles`; there are no folders here."""


@dataclass(frozen=True, slots=True)
class SimulatedMessenger:
    """The recipient of all alarms."""

    container: Container

    async def send(self, _address: Address, _suffix: str, body: bytes | None) -> None:
        """See :class:`~reconciler.dispatch.ports.Messenger`."""
        world = self.container.world

        def take() -> None:
            alarms = json.loads(body or b"{}").get("alarms", ())
            world.alarms.extend(
                Alarm(world.now, alarm, self.container, world.is_noted(str(alarm["id"])))
                for alarm in alarms
            )

        await self.container.call(take, UnsentError)


def simulated_ports(container: Container, staleness: float, watch: Callable[[Call], None]) -> Ports:
    """The ports of one wake."""

    def begin(occurrence: str) -> Call:
        return container.world.start(occurrence, container.skew, by_hand=container.by_hand)

    log = SimulatedRunLog(container)
    return Ports(
        clock=SimulatedClock(container),
        claims=SimulatedClaims(container),
        generations=SimulatedGenerations(container, staleness),
        caller=SimulatedCaller(container, begin, watch),
        log=log,
        archive=log,
        tasks=SimulatedTaskFiles(container),
        messenger=SimulatedMessenger(container),
    )
