"""The running containers: starting, retiring and killing them, and cleaning up after them."""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import Callable
from typing import Final

from grpclib.exceptions import GRPCError
from modal_proto import api_pb2

from reconciler.engine import limits
from reconciler.engine.apps import Spec
from reconciler.engine.containers import outcomes
from reconciler.engine.containers.container import Container, Terms
from reconciler.engine.containers.output import Output
from reconciler.engine.containers.starter import Starter
from reconciler.engine.ids import IdKind, new_id
from reconciler.engine.rpc_errors import not_found
from reconciler.errors import ReconcileError

_LOG: Final = logging.getLogger("reconciler.engine")


class Fleet:
    """``most``: containers at once over all functions.

    ``ended`` is called when a container has ended, with its exit status.
    """

    def __init__(self, starter: Starter, output: Output, most: int) -> None:
        self._starter = starter
        self._output = output
        self._most = most
        self._containers: dict[str, Container] = {}
        self._jobs: set[asyncio.Task[None]] = set()
        self.ended: Callable[[Container, api_pb2.GenericResult], None] = lambda *_: None
        self.closing = False

    @property
    def full(self) -> bool:
        return len(self._containers) >= self._most

    @property
    def starting(self) -> int:
        """How many have not come up yet."""
        return sum(not container.asked for container in self._containers.values())

    def container(self, identifier: str) -> Container:
        """Raises NotFound for one that has ended."""
        found = self._containers.get(identifier)
        if found is None:
            raise not_found(f"Container {identifier} not found")
        return found

    def containers(self, app: str = "") -> list[Container]:
        """Those that run, of one app or of all."""
        return [c for c in self._containers.values() if app in ("", c.spec.app.id)]

    def begin(self, spec: Spec, terms: Terms) -> Container:
        """Begin to start a container in the background."""
        container = Container(new_id(IdKind.CONTAINER), spec, terms, time.time())
        self._containers[container.id] = container
        job = asyncio.get_running_loop().create_task(self._live(container))
        self._jobs.add(job)
        job.add_done_callback(self._done)
        return container

    def kill(self, identifier: str) -> None:
        """Kill a container; its inputs are queued again."""
        container = self._containers.get(identifier)
        if container is not None:
            container.retiring = True
            if container.process is not None:
                container.process.signal(signal.SIGKILL)
            else:
                container.doomed = True

    def retire(self, container: Container, number: signal.Signals | None = None) -> None:
        """Give a container no further input, and let it end when it has finished its inputs.

        With a signal it is to end now, whatever it is doing.
        """
        if container.retiring:
            return
        container.retiring = True
        container.wake()
        if number is not None:
            if container.process is not None:
                container.process.signal(number)
            self._kill_after(limits.STOP_GRACE, container)
        elif not container.tasks:
            self.expect_end(container)

    def expect_end(self, container: Container) -> None:
        """Expect an idle container to end by itself, and kill it if it does not."""
        self._kill_after(limits.RETIRE_GRACE, container)

    async def close(self, *, at_once: bool = False) -> None:
        """End all containers; inputs that they hold stay unfinished, for the next start.

        Args:
            at_once: give them no time to finish.
        """
        self.closing = True
        if not at_once:
            for container in self.containers():
                self.retire(container, signal.SIGTERM if container.tasks else None)
            await self._wait()
        for container in self.containers():
            self.kill(container.id)
        await self._wait()

    async def _wait(self) -> None:
        if self._jobs:
            await asyncio.wait(self._jobs, timeout=limits.STOP_GRACE)

    def _kill_after(self, seconds: float, container: Container) -> None:
        asyncio.get_running_loop().call_later(seconds, self.kill, container.id)

    async def _live(self, container: Container) -> None:
        """A container's whole life."""
        loop = asyncio.get_running_loop()
        patience = loop.call_later(container.terms.startup_timeout, self._too_slow, container)
        status, said = 1, "it was lost, see the engine's own output"
        commits = loop.create_task(_commit_in_background(container))
        try:
            await self._starter.start(container)
            assert container.process is not None
            if container.doomed:
                container.process.signal(signal.SIGKILL)
            reading = loop.create_task(self._output.follow(container))
            status = await container.process.exited
            # What it started in a session of its own may hold its output open for ever.
            await asyncio.wait([reading], timeout=limits.OUTPUT_GRACE)
            said = reading.result() if reading.done() else ""
            reading.cancel()
        except (ReconcileError, OSError) as error:
            status, said = 1, str(error)
            self._output.remark(container, said)
        finally:
            patience.cancel()
            commits.cancel()
            self._containers.pop(container.id, None)
            self.ended(container, outcomes.death(status, said))
            self._output.announce(container)
            await self._starter.clear(container)

    def _too_slow(self, container: Container) -> None:
        if not container.asked:
            container.failure = outcomes.slow_start(container.terms.startup_timeout)
            if container.process is not None:
                container.process.signal(signal.SIGKILL)

    def _done(self, job: asyncio.Task[None]) -> None:
        self._jobs.discard(job)
        if not job.cancelled() and job.exception() is not None:
            _LOG.error("a container was lost", exc_info=job.exception())


async def _commit_in_background(container: Container) -> None:
    """Publish what a container has written, now and again, half-written files included."""
    while True:
        await asyncio.sleep(limits.BACKGROUND_COMMIT)
        for mounted in container.mounted if container.asked else ():
            try:
                await mounted.commit()
            except (GRPCError, OSError):
                # The Volume was deleted, or a file vanished during the scan: the next commit shows.
                continue
