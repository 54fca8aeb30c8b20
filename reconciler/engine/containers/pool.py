"""Which input goes to which container, and how many containers there are.

Each function has a lane: inputs that wait, and containers that run its live definition. An input is
given to a container that asks; one that asks in vain waits. Nothing here polls.
"""

from __future__ import annotations

import asyncio
import logging
import math
import signal
import time
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, Final

from modal_proto import api_pb2

from reconciler.engine import limits
from reconciler.engine.apps import App, Apps, Spec
from reconciler.engine.calls import Calls, Input, State
from reconciler.engine.containers import outcomes
from reconciler.engine.containers.container import Container, Task, Terms
from reconciler.engine.containers.output import Output
from reconciler.engine.containers.starter import Starter
from reconciler.engine.ids import Kind, new_id
from reconciler.engine.rpc.refusals import not_found
from reconciler.errors import ReconcileError

_LOG: Final = logging.getLogger("reconciler.engine")


@dataclass
class Lane:
    """One function's share of the pool. ``broken``: its containers do not come up."""

    waiting: deque[Input] = field(default_factory=deque)
    containers: set[Container] = field(default_factory=set)
    broken: str = ""


class Pool:
    """``most``: containers at once over all functions."""

    def __init__(
        self, apps: Apps, calls: Calls, starter: Starter, output: Output, most: int
    ) -> None:
        self._apps = apps
        self._calls = calls
        self._starter = starter
        self._output = output
        self._most = most
        self._lanes: dict[str, Lane] = {}
        self._containers: dict[str, Container] = {}
        self._jobs: set[asyncio.Task[None]] = set()
        self._closing = False

    # Inputs

    def submit(self, inputs: list[Input]) -> None:
        """Queue inputs of one function and see to it that somebody takes them."""
        if not inputs:
            return
        lane = self._lane(inputs[0].function)
        lane.waiting.extend(inputs)
        self._balance(inputs[0].function)

    def resume(self) -> None:
        """After a restart: what had not ended is done (again)."""
        for one in self._calls.unfinished_inputs():
            self._requeue(one)

    def keep_warm(self, app: str) -> None:
        """After a publish: old containers finish what they have, new ones come as asked for."""
        for container in list(self._containers.values()):
            if container.spec.app.id == app:
                spec = self._apps.spec(container.spec.id)
                if spec is None or spec.definition != container.spec.definition:
                    self.retire(container)
        for function, lane in self._lanes.items():
            live = self._apps.spec(function)
            if live is not None and live.app.id == app:
                lane.broken = ""
        for spec in self._apps.specs(app):
            self._balance(spec.id)

    def cancel(self, call: str, *, terminate: bool) -> None:
        """End a call's unfinished inputs: at once for the caller, soon for the containers."""
        for one in self._calls.unfinished_inputs(call):
            lane = self._lane(one.function)
            lane.waiting = deque(other for other in lane.waiting if other.id != one.id)
            self._end(one, outcomes.cancelled())
        for container in list(self._containers.values()):
            held = [key for key, task in container.tasks.items() if task.input.call == call]
            if not held:
                continue
            if terminate:
                self.kill(container.id)
            else:
                self._let_go(container, held)

    def stop_app(self, app: App) -> None:
        """End everything of an app that is no longer live."""
        for function, lane in self._lanes.items():
            spec = self._apps.spec(function)
            while lane.waiting and spec is not None and spec.app.id == app.id:
                self._end(lane.waiting.popleft(), outcomes.stopped())
        for container in list(self._containers.values()):
            if container.spec.app.id == app.id:
                for task in container.tasks.values():
                    self._end(task.input, outcomes.stopped())
                self.retire(container, signal.SIGTERM)

    # Containers' calls

    async def next(self, container: Container, batch: int, linger: float) -> list[Input] | None:
        """Inputs for a container; empty if there are none yet, None if it is to end."""
        lane = self._lane(container.spec.id)
        if not container.asked:
            container.asked = True
            lane.broken = ""
            self._balance_all(container.spec.id)
        if container.tasks and container.room <= 0 and not container.retiring:
            # It asks though it is full: the last answer was lost on the way.
            return [task.input for task in container.tasks.values()]
        if not lane.waiting and not container.retiring:
            await self._wait(container)
        if container.retiring:
            return None
        if batch > 1 and len(lane.waiting) < batch:
            await asyncio.sleep(linger)
        taken = [
            self._hand(container, lane.waiting.popleft())
            for _ in range(min(max(1, batch), container.room, len(lane.waiting)))
        ]
        if taken and container.terms.single_use:
            self.retire(container)
        return taken

    def put(self, container: Container, output: api_pb2.FunctionPutOutputsItem) -> None:
        """A container has done with an input. What it no longer holds is ignored."""
        task = container.tasks.pop(output.input_id, None)
        if task is None:
            return
        task.timer.cancel()
        self._settle(task.input, outcomes.output(task, output, container.id))
        self._after_task(container)

    def fail_start(self, container: Container, result: api_pb2.GenericResult) -> None:
        """It says that it cannot start, and why; it is about to end."""
        container.failure = result

    def container(self, identifier: str) -> Container:
        """Raises NotFound for one that has ended."""
        found = self._containers.get(identifier)
        if found is None:
            raise not_found(f"Container {identifier} not found")
        return found

    def containers(self, app: str = "") -> list[Container]:
        """Those that run, of one app or of all."""
        return [c for c in self._containers.values() if app in ("", c.spec.app.id)]

    def waiting(self, function: str) -> int:
        """How many inputs of a function nobody has taken."""
        return len(self._lane(function).waiting)

    def kill(self, identifier: str) -> None:
        """End a container at once; what it was doing is done again by another."""
        container = self._containers.get(identifier)
        if container is not None:
            container.retiring = True
            if container.process is not None:
                container.process.signal(signal.SIGKILL)
            else:
                container.doomed = True

    def retire(self, container: Container, number: signal.Signals | None = None) -> None:
        """Give it nothing more, and let it end when it has finished what it has."""
        if container.retiring:
            return
        container.retiring = True
        container.wake()
        if number is not None and container.process is not None:
            container.process.signal(number)
        grace = limits.STOP_GRACE if number else limits.RETIRE_GRACE
        if number is not None or not container.tasks:
            asyncio.get_running_loop().call_later(grace, self.kill, container.id)

    async def close(self) -> None:
        """End all containers; inputs that they hold stay unfinished, for the next start."""
        self._closing = True
        for container in list(self._containers.values()):
            self.retire(container, signal.SIGTERM if container.tasks else None)
        if self._jobs:
            await asyncio.wait(self._jobs, timeout=limits.STOP_GRACE)
        for identifier in list(self._containers):
            self.kill(identifier)
        if self._jobs:
            await asyncio.wait(self._jobs, timeout=limits.STOP_GRACE)

    # How many containers

    def _balance(self, function: str) -> None:
        """Wake containers that wait; start as many as the waiting inputs need and may have."""
        spec, lane = self._apps.spec(function), self._lane(function)
        if self._closing or spec is None or not spec.app.live:
            return
        terms = Terms.of(spec.function)
        current = [c for c in lane.containers if not c.retiring]
        for container in [c for c in current if c.waits][: len(lane.waiting)]:
            container.wake()
        room = sum(container.room for container in current)
        wanted = math.ceil(max(0, len(lane.waiting) - room) / terms.concurrent)
        if not lane.broken:
            wanted = max(wanted, terms.least - len(current))
        starting = sum(not container.asked for container in self._containers.values())
        for _ in range(min(wanted, terms.most - len(current), limits.STARTING - starting)):
            if len(self._containers) >= self._most and not self._evict(lane):
                break
            self._begin(spec, terms, lane)

    def _evict(self, needy: Lane) -> bool:
        """Make room: an idle container of another function ends before its time."""
        for lane in self._lanes.values():
            for container in lane.containers:
                if lane is not needy and container.idle:
                    self.retire(container)
                    return True
        return False

    def _begin(self, spec: Spec, terms: Terms, lane: Lane) -> None:
        container = Container(new_id(Kind.CONTAINER), spec, terms, time.time())
        lane.containers.add(container)
        self._containers[container.id] = container
        self._job(self._live(container, lane))

    async def _live(self, container: Container, lane: Lane) -> None:
        """A container's whole life."""
        loop = asyncio.get_running_loop()
        patience = loop.call_later(container.terms.startup_timeout, self._too_slow, container)
        status, said = 0, ""
        try:
            await self._starter.start(container)
            assert container.process is not None
            if container.doomed:
                container.process.signal(signal.SIGKILL)
            said = await self._output.follow(container)
            status = await container.process.exited
        except (ReconcileError, OSError) as error:
            status, said = 1, str(error)
            self._output.remark(container, said)
        finally:
            patience.cancel()
            self._containers.pop(container.id, None)
            lane.containers.discard(container)
            self._bury(container, lane, outcomes.death(status, said))
            self._output.announce(container)
            await self._starter.clear(container)

    def _bury(self, container: Container, lane: Lane, death: api_pb2.GenericResult) -> None:
        """What a container's end means for the inputs that it held, and for those that wait."""
        if container.idle_timer is not None:
            container.idle_timer.cancel()
        held = list(container.tasks.values())
        container.tasks.clear()
        for task in held:
            task.timer.cancel()
        if self._closing:
            return
        for task in held:
            crashed = task.input.again(crashed=True)
            if crashed.crashes > limits.CRASHES:
                self._end(task.input, death)
            else:
                self._requeue(crashed)
        if not container.asked and not container.retiring:
            lane.broken = death.exception
            if not any(other.asked for other in lane.containers):
                while lane.waiting:
                    self._end(lane.waiting.popleft(), container.failure or death)
        self._balance_all(container.spec.id)

    def _balance_all(self, first: str) -> None:
        """A container has come up or gone: others may now start, of its function or another."""
        self._balance(first)
        for function, lane in list(self._lanes.items()):
            if lane.waiting:
                self._balance(function)

    # One input

    def _hand(self, container: Container, one: Input) -> Input:
        if container.idle_timer is not None:
            container.idle_timer.cancel()
            container.idle_timer = None
        timer = asyncio.get_running_loop().call_later(
            container.terms.timeout, self._time_out, container, one.id
        )
        container.tasks[one.id] = Task(one, time.time(), timer)
        self._calls.set_state(one, State.RUNNING)
        return one

    async def _wait(self, container: Container) -> None:
        loop = asyncio.get_running_loop()
        if container.idle and container.idle_timer is None:
            container.idle_timer = loop.call_later(
                container.terms.scaledown, self._scale_down, container
            )
        container.waiting = loop.create_future()
        try:
            await asyncio.wait_for(container.waiting, limits.LONG_POLL)
        except TimeoutError:
            return
        finally:
            container.waiting = None

    def _scale_down(self, container: Container) -> None:
        lane = self._lane(container.spec.id)
        container.idle_timer = None
        if container.idle and len(lane.containers) > container.terms.least:
            self.retire(container)

    def _after_task(self, container: Container) -> None:
        if container.retiring and not container.tasks:
            asyncio.get_running_loop().call_later(limits.RETIRE_GRACE, self.kill, container.id)

    def _settle(self, one: Input, output: api_pb2.FunctionGetOutputsItem) -> None:
        """Try a failed input again as its function's policy says, else record the end."""
        spec = self._apps.spec(one.function)
        policy = spec.function.retry_policy if spec else api_pb2.FunctionRetryPolicy()
        if not outcomes.retriable(output.result) or one.attempt >= policy.retries:
            self._calls.finish(one, output)
            return
        self._calls.set_state(one.again(), State.WAITING)
        asyncio.get_running_loop().call_later(
            outcomes.delay(policy, one.attempt), self._requeue, one.again()
        )

    def _requeue(self, one: Input) -> None:
        spec = self._apps.spec(one.function)
        if spec is None or not spec.app.live:
            self._end(one, outcomes.stopped())
        elif self._calls.set_state(one, State.WAITING):
            self._lane(one.function).waiting.append(one)
            self._balance(one.function)

    def _end(self, one: Input, result: api_pb2.GenericResult) -> None:
        self._calls.finish(one, outcomes.item(one, result))

    def _time_out(self, container: Container, identifier: str) -> None:
        task = container.tasks.pop(identifier, None)
        if task is None:
            return
        result = outcomes.timed_out(task.input, container.terms.timeout)
        self._output.remark(container, result.exception)
        self._settle(task.input, outcomes.item(task.input, result))
        if container.terms.concurrent == 1:
            self.kill(container.id)
        else:
            self._let_go(container, [identifier])

    def _let_go(self, container: Container, inputs: list[str]) -> None:
        container.cancel(inputs)
        asyncio.get_running_loop().call_later(limits.CANCEL_GRACE, self._insist, container, inputs)

    def _insist(self, container: Container, inputs: list[str]) -> None:
        if any(identifier in container.tasks for identifier in inputs):
            self.kill(container.id)

    def _too_slow(self, container: Container) -> None:
        if not container.asked:
            container.failure = outcomes.slow_start(container.terms.startup_timeout)
            if container.process is not None:
                container.process.signal(signal.SIGKILL)

    def _lane(self, function: str) -> Lane:
        return self._lanes.setdefault(function, Lane())

    def _job(self, work: Coroutine[Any, Any, None]) -> None:
        job = asyncio.get_running_loop().create_task(work)
        self._jobs.add(job)
        job.add_done_callback(self._done)

    def _done(self, job: asyncio.Task[None]) -> None:
        self._jobs.discard(job)
        if not job.cancelled() and job.exception() is not None:
            _LOG.error("a container was lost", exc_info=job.exception())
