"""Which input goes to which container, and how many containers there are.

Each function has a lane: inputs that wait, and containers that run its live definition. An input is
given to a container that asks; one that asks in vain waits. Nothing here polls.
"""

from __future__ import annotations

import asyncio
import math
import signal
import time
from collections import deque
from dataclasses import dataclass, field

from modal_proto import api_pb2

from reconciler.engine import limits, usage
from reconciler.engine.apps import App, AppStore
from reconciler.engine.calls import Calls, Input, InputState
from reconciler.engine.containers import outcomes
from reconciler.engine.containers.container import Container, RunningInput, Terms
from reconciler.engine.containers.fleet import Fleet
from reconciler.engine.containers.output import Output
from reconciler.engine.events import Events


@dataclass
class Lane:
    """One function's share of the pool. ``broken``: its containers do not come up."""

    waiting: deque[Input] = field(default_factory=deque)
    containers: set[Container] = field(default_factory=set)
    broken: str = ""


class Pool:
    """Distributes inputs to containers, and scales the number of containers."""

    def __init__(
        self, apps: AppStore, calls: Calls, fleet: Fleet, output: Output, events: Events
    ) -> None:
        self._apps = apps
        self._calls = calls
        self._fleet = fleet
        self._output = output
        self._events = events
        self._lanes: dict[str, Lane] = {}
        fleet.ended = self._bury

    # Inputs

    def submit(self, inputs: list[Input]) -> None:
        """Queue inputs of one function, and wake or start containers for them."""
        if not inputs:
            return
        lane = self._lane(inputs[0].function)
        lane.waiting.extend(inputs)
        self._balance(inputs[0].function)

    def resume(self) -> None:
        """Queue the unfinished inputs after a restart of the engine.

        Requests have lost their client with the restart, so they end.
        """
        for one in self._calls.unfinished_inputs():
            if one.web:
                self._end(one, outcomes.disconnected())
            else:
                self._requeue(one)

    def keep_warm(self, app: str) -> None:
        """After a publish: retire old containers, start the new definition's minimum."""
        for container in self._fleet.containers():
            if container.spec.app.id == app:
                spec = self._apps.spec(container.spec.id)
                if spec is None or spec.definition != container.spec.definition:
                    self._fleet.retire(container)
        for function, lane in self._lanes.items():
            live = self._apps.spec(function)
            if live is not None and live.app.id == app:
                lane.broken = ""
        for spec in self._apps.specs(app):
            self._balance(spec.id)

    def cancel(self, call: str, *, terminate: bool) -> None:
        """End a call's unfinished inputs: for the caller at once, in containers soon after."""
        for container in self._fleet.containers():
            self._output.drain(container)
        unfinished = self._calls.unfinished_inputs(call)
        for function in {one.function for one in unfinished}:
            lane = self._lane(function)
            lane.waiting = deque(other for other in lane.waiting if other.call != call)
        for one in unfinished:
            self._end(one, outcomes.cancelled())
        for container in self._fleet.containers():
            held = [key for key, task in container.tasks.items() if task.input.call == call]
            if not held:
                continue
            if terminate:
                self._fleet.kill(container.id)
            else:
                self._drop(container, held)

    def stop_app(self, app: App) -> None:
        """End all inputs and containers of an app that is no longer live."""
        for function, lane in self._lanes.items():
            spec = self._apps.spec(function)
            while lane.waiting and spec is not None and spec.app.id == app.id:
                self._end(lane.waiting.popleft(), outcomes.stopped())
        for container in self._fleet.containers():
            if container.spec.app.id == app.id:
                for task in container.tasks.values():
                    self._end(task.input, outcomes.stopped())
                self._fleet.retire(container, signal.SIGTERM)

    # Containers' calls

    async def next(self, container: Container, batch: int, linger: float) -> list[Input] | None:
        """Inputs for a container; empty if there are none yet, None if it is to end."""
        lane = self._lane(container.spec.id)
        if not container.asked:
            container.asked = True
            lane.broken = ""
            self._balance_all(container.spec.id)
        if container.tasks and container.room <= 0 and not container.retiring:
            # A full container asks only if the last answer was lost.
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
            self._fleet.retire(container)
        return taken

    def put(self, container: Container, output: api_pb2.FunctionPutOutputsItem) -> None:
        """Record the output of a container. An input that it no longer holds is ignored."""
        self._output.drain(container)
        task = container.tasks.pop(output.input_id, None)
        if task is None:
            return
        task.timer.cancel()
        self._note(container, task, output.result)
        self._settle(task.input, outcomes.output(task, output, container.id))
        self._after_task(container)

    def fail_start(self, container: Container, result: api_pb2.GenericResult) -> None:
        """Record why a container cannot start; it is about to end."""
        container.failure = result

    def waiting(self, function: str) -> int:
        """The number of queued inputs of a function."""
        return len(self._lane(function).waiting)

    # How many containers

    def _balance(self, function: str) -> None:
        """Wake containers that wait; start as many as the waiting inputs need and may have."""
        spec, lane = self._apps.spec(function), self._lane(function)
        if self._fleet.closing or spec is None or not spec.app.live:
            return
        terms = Terms.of(spec.function)
        current = [c for c in lane.containers if not c.retiring]
        for container in [c for c in current if c.waits][: len(lane.waiting)]:
            container.wake()
        room = sum(container.room for container in current)
        wanted = math.ceil(max(0, len(lane.waiting) - room) / terms.concurrent)
        if not lane.broken:
            wanted = max(wanted, terms.least - len(current))
        # A container that is about to end counts towards the limit of its definition too.
        running = sum(c.spec.definition == spec.definition for c in lane.containers)
        for _ in range(min(wanted, terms.most - running, limits.STARTING - self._fleet.starting)):
            if self._fleet.full and not self._evict(lane):
                break
            lane.containers.add(self._fleet.begin(spec, terms))

    def _evict(self, needy: Lane) -> bool:
        """Make room: end an idle container of another function early."""
        for lane in self._lanes.values():
            for container in lane.containers:
                if lane is not needy and container.idle:
                    self._fleet.retire(container)
                    return True
        return False

    def _bury(self, container: Container, death: api_pb2.GenericResult) -> None:
        """Requeue or fail the inputs of a container that has ended."""
        lane = self._lane(container.spec.id)
        lane.containers.discard(container)
        if container.idle_timer is not None:
            container.idle_timer.cancel()
        held = list(container.tasks.values())
        container.tasks.clear()
        for task in held:
            task.timer.cancel()
        if self._fleet.closing:
            return
        for task in held:
            crashed = task.input.again(crashed=True)
            if task.input.web or crashed.crashes > limits.CRASHES:
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
        """Start waiting containers of any function after one has started or ended."""
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
        cpu = usage.begin(container.process.pid) if container.process else None
        container.tasks[one.id] = RunningInput(one, time.time(), timer, cpu)
        self._calls.set_state(one, InputState.RUNNING)
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
            self._fleet.retire(container)

    def _after_task(self, container: Container) -> None:
        if container.retiring and not container.tasks:
            self._fleet.expect_end(container)

    def _settle(self, one: Input, output: api_pb2.FunctionGetOutputsItem) -> None:
        """Retry a failed input by its function's policy, else record the failure."""
        spec = self._apps.spec(one.function)
        policy = spec.function.retry_policy if spec else api_pb2.FunctionRetryPolicy()
        over = one.web or one.attempt >= policy.retries
        if over or not outcomes.retriable(output.result):
            self._calls.finish(one, output)
            return
        self._calls.set_state(one.again(), InputState.WAITING)
        asyncio.get_running_loop().call_later(
            outcomes.delay(policy, one.attempt), self._requeue, one.again()
        )

    def _requeue(self, one: Input) -> None:
        if self._fleet.closing:
            return
        spec = self._apps.spec(one.function)
        if spec is None or not spec.app.live:
            self._end(one, outcomes.stopped())
        elif self._calls.set_state(one, InputState.WAITING):
            self._lane(one.function).waiting.append(one)
            self._balance(one.function)

    def _end(self, one: Input, result: api_pb2.GenericResult) -> None:
        if self._calls.finish(one, outcomes.item(one, result)):
            self._events.ended(one, result)

    def _note(
        self, container: Container, task: RunningInput, result: api_pb2.GenericResult
    ) -> None:
        used = usage.since(container.process.pid, task.cpu) if container.process else None
        self._events.ended(task.input, result, time.time() - task.since, used)

    def _time_out(self, container: Container, identifier: str) -> None:
        self._output.drain(container)
        task = container.tasks.pop(identifier, None)
        if task is None:
            return
        result = outcomes.timed_out(task.input, container.terms.timeout)
        self._output.remark(container, result.exception)
        self._note(container, task, result)
        self._settle(task.input, outcomes.item(task.input, result))
        if container.terms.concurrent == 1:
            self._fleet.kill(container.id)
        else:
            self._drop(container, [identifier])

    def _drop(self, container: Container, inputs: list[str]) -> None:
        container.cancel(inputs)
        asyncio.get_running_loop().call_later(limits.CANCEL_GRACE, self._insist, container, inputs)

    def _insist(self, container: Container, inputs: list[str]) -> None:
        if any(identifier in container.tasks for identifier in inputs):
            self._fleet.kill(container.id)

    def _lane(self, function: str) -> Lane:
        return self._lanes.setdefault(function, Lane())
