"""The state of one container: its definition, its inputs, and its cancellation."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from modal_proto import api_pb2

from reconciler.engine import limits
from reconciler.engine.apps import Spec
from reconciler.engine.calls import Input
from reconciler.engine.containers.launcher import Process
from reconciler.engine.containers.mounted import Mounted
from reconciler.engine.logs import LogOrigin


@dataclass(frozen=True)
class Terms:
    """The scaling settings of a definition. Times are in seconds."""

    concurrent: int
    most: int
    least: int
    scaledown: float
    timeout: float
    startup_timeout: float
    retries: api_pb2.FunctionRetryPolicy
    single_use: bool

    @staticmethod
    def of(function: api_pb2.Function) -> Terms:
        scaling = function.autoscaler_settings
        timeout = function.timeout_secs or limits.DEFAULT_TIMEOUT
        return Terms(
            concurrent=max(1, function.max_concurrent_inputs, function.batch_max_size),
            most=scaling.max_containers or function.concurrency_limit or limits.CONTAINERS,
            least=scaling.min_containers or function.warm_pool_size,
            scaledown=scaling.scaledown_window
            or function.task_idle_timeout_secs
            or limits.DEFAULT_SCALEDOWN,
            timeout=timeout,
            startup_timeout=function.startup_timeout_secs or timeout,
            retries=function.retry_policy,
            single_use=function.single_use_containers or function.max_inputs == 1,
        )


@dataclass
class RunningInput:
    """An input that a container is running. ``timer`` ends it at its timeout.

    ``cpu``: the processor seconds that the container had used before; None if unknown.
    """

    input: Input
    since: float
    timer: asyncio.TimerHandle
    cpu: float | None = None


@dataclass(eq=False)
class Container:
    """``asked``: it has started and asked for input. ``retiring``: it gets no further input."""

    id: str
    spec: Spec
    terms: Terms
    since: float
    process: Process | None = None
    mounted: list[Mounted] = field(default_factory=list)
    tasks: dict[str, RunningInput] = field(default_factory=dict)
    asked: bool = False
    retiring: bool = False
    doomed: bool = False
    failure: api_pb2.GenericResult | None = None
    waiting: asyncio.Future[None] | None = None
    idle_timer: asyncio.TimerHandle | None = None
    to_cancel: list[str] = field(default_factory=list)
    beat: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def room(self) -> int:
        """How many more inputs it may be given."""
        return 0 if self.retiring else self.terms.concurrent - len(self.tasks)

    @property
    def waits(self) -> bool:
        """Whether it waits for an answer to its request for input."""
        return self.waiting is not None and not self.waiting.done()

    @property
    def idle(self) -> bool:
        return self.asked and not self.tasks and not self.retiring

    @property
    def origin(self) -> LogOrigin:
        """The origin of its output: the input that it is running, if there is exactly one."""
        task = next(iter(self.tasks.values())) if len(self.tasks) == 1 else None
        return LogOrigin(
            self.spec.app.id,
            self.spec.id,
            self.id,
            task.input.call if task else "",
            task.input.id if task else "",
        )

    def wake(self) -> None:
        """Make its pending request for input look again."""
        if self.waiting is not None and not self.waiting.done():
            self.waiting.set_result(None)

    def cancel(self, inputs: list[str]) -> None:
        """Cancel some of its inputs with its next heartbeat."""
        self.to_cancel += inputs
        self.beat.set()
