"""Property test: no order of events, kills and expiry among them, loses or doubles a task."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.client import TaskError
from reconciler.client.cancellation import cancel
from reconciler.client.creation import create
from reconciler.client.stored_tasks import TaskPorts, task_of
from reconciler.cron import minute
from reconciler.dispatch.adapters.in_memory import (
    FakeCaller,
    FakeClaims,
    FakeClock,
    FakeGenerations,
    FakeRunLog,
    FakeTaskFiles,
)
from reconciler.dispatch.wake.request import Ports, WakeRequest
from reconciler.dispatch.wake.wake import wake
from reconciler.model.formats import Entry
from reconciler.model.generation import new_generation
from reconciler.model.runs_file import WakeLog
from reconciler.model.task import Task
from tests.dispatch.scenario import at

IDLE = timedelta(days=7)
NOON = at("12:00")


class Killed(BaseException):
    """The process was killed."""


@dataclass
class Life:
    """How many more calls the running process makes before it is killed; None for no end.

    Attributes:
        after: whether the last of them still has its effect.
    """

    calls: int | None = None
    after: bool = False

    def spend(self) -> bool:
        """Count a call; whether it is to be killed once the call has had its effect."""
        if self.calls is None:
            return False
        self.calls -= 1
        if self.calls < 0:
            if self.after:
                return True
            raise Killed
        return False


@dataclass
class World:
    """The state that outlives a process."""

    clock: FakeClock = field(default_factory=lambda: FakeClock(NOON))
    life: Life = field(default_factory=Life)
    entries: dict[str, tuple[Entry, datetime]] = field(default_factory=dict)
    tasks: FakeTaskFiles = field(default_factory=FakeTaskFiles)
    log: FakeRunLog = field(default_factory=FakeRunLog)
    steps: int = 0
    wanted: dict[str, Task] = field(default_factory=dict)
    created: set[str] = field(default_factory=set)
    cancelled: set[str] = field(default_factory=set)
    disturbed: set[str] = field(default_factory=set)
    """Tasks that a wake was processing when it was killed."""
    given_up: set[str] = field(default_factory=set)
    """Tasks whose cancellation has begun."""
    started: list[str] = field(default_factory=list)
    """The names of the tasks whose function was called, once for each call."""
    claimed: dict[str, str] = field(default_factory=dict)
    """The edition of each id that was claimed last."""

    def run(self, job: Coroutine[Any, Any, Any], life: Life) -> Any:
        self.life = life
        try:
            return asyncio.run(job)
        finally:
            self.life = Life()

    def names(self, task_id: str) -> set[str]:
        """All editions of an id."""
        found = (
            re.search(rf"{task_id}(~\d+)?\b", key) for key in (*self.entries, *self.tasks.files)
        )
        return {f"task/{one[0]}" for one in found if one is not None}


@dataclass
class MortalClaims(FakeClaims):
    """The Dict of the world: idle entries expire."""

    world: World = field(default_factory=World)

    async def put_new(self, key: str, entry: Entry) -> bool:
        last = self.world.life.spend()
        new = self._alive(key) is None
        self.world.claimed[re.split("[~@]", key)[0]] = key.partition("@")[0]
        if new:
            self._touch(key, entry)
        _end(last)
        return new

    async def get(self, key: str) -> Entry | None:
        last = self.world.life.spend()
        found = self._alive(key)
        if found is not None:
            self._touch(key, found)
        _end(last)
        return found

    async def put(self, key: str, entry: Entry) -> None:
        last = self.world.life.spend()
        self._touch(key, entry)
        _end(last)

    def _touch(self, key: str, entry: Entry) -> None:
        self.world.entries[key] = (entry, self.world.clock.now())

    def _alive(self, key: str) -> Entry | None:
        found = self.world.entries.get(key)
        dead = found is None or self.world.clock.now() - found[1] > IDLE
        return None if found is None or dead else found[0]


def _end(last: bool) -> None:
    if last:
        raise Killed


@dataclass
class MortalFiles(FakeTaskFiles):
    """The files of the world; a change can be interrupted between its two halves."""

    world: World = field(default_factory=World)

    async def change(self, write: Mapping[str, bytes], remove: Collection[str] = ()) -> None:
        last = self.world.life.spend()
        await super().change(write)
        _end(last)
        last = self.world.life.spend()
        await super().change({}, remove)
        _end(last)

    async def pending(self, until: int | None = None) -> Sequence[str]:
        self.world.life.spend()
        return await super().pending(until)


@dataclass
class MortalCaller(FakeCaller):
    """Starts calls of the world; which task it is for, the claim before it said."""

    world: World = field(default_factory=World)

    async def start(self, _app: str, _function: str, args: Mapping[str, Any]) -> str:
        last = self.world.life.spend()
        self.world.started.append(self.world.claimed[f"task/{args['id']}"])
        _end(last)
        return f"fc-{len(self.world.started)}"


@dataclass
class MortalLog(FakeRunLog):
    """The history of the world."""

    world: World = field(default_factory=World)

    async def write(self, log: WakeLog) -> None:
        last = self.world.life.spend()
        await super().write(log)
        _end(last)


@dataclass(frozen=True)
class Step:
    """One event.

    Attributes:
        what: ``create``, ``cancel`` or ``wake``.
        task: which of few ids.
        due: minutes from now to the task's time.
        passing: minutes that pass before.
        life: after how many calls the process is killed; None for never.
    """

    what: str
    task: int
    due: int
    passing: int
    life: int | None
    after: bool


STEPS = st.lists(
    st.builds(
        Step,
        what=st.sampled_from(["create", "create", "cancel", "wake", "wake"]),
        task=st.integers(0, 2),
        due=st.sampled_from([-50_000, -90, -1, 0, 1, 30, 90, 20_000]),
        passing=st.sampled_from([0, 0, 1, 7, 60, 90, 3_000, 15_000]),
        life=st.none() | st.integers(0, 14),
        after=st.booleans(),
    ),
    max_size=14,
)


def play(world: World, step: Step) -> None:
    world.steps += 1
    world.clock.time += timedelta(minutes=step.passing)
    token, task_id = f"t{world.steps}", f"id{step.task}"
    claims, files = MortalClaims(world=world), MortalFiles(world.tasks.files, world=world)
    outside = TaskPorts(world.clock, claims, files)
    life = Life(step.life, step.after)
    try:
        if step.what == "wake":
            serve(world, life)
        elif step.what == "cancel":
            world.given_up |= world.names(task_id)
            name = world.run(cancel(outside, task_id, token, "no"), life).task.name
            world.cancelled.add(name)
            assert name in world.disturbed or name not in world.started
        else:
            wanted = world.wanted.setdefault(task_id, _wanted(task_id, step, world.clock.now()))
            found = world.run(create(outside, wanted, token), life)
            world.created.add(task_of(found).name)
    except (Killed, TaskError):
        return


def serve(world: World, life: Life) -> None:
    """Run a wake."""
    world.steps += 1
    outside = Ports(
        clock=world.clock,
        claims=MortalClaims(world=world),
        generations=FakeGenerations(new_generation((), (), 300)),
        caller=MortalCaller(world=world),
        log=MortalLog(world.log.logs, world=world),
        tasks=MortalFiles(world.tasks.files, world=world),
    )
    request = WakeRequest(wake=f"fc-{world.steps}", token=f"w{world.steps}", slot="poller")
    before = {name for task_id in world.wanted for name in world.names(task_id)}
    try:
        world.run(wake(outside, request), life)
    except Killed:
        world.disturbed |= before
        raise


def _wanted(task_id: str, step: Step, now: datetime) -> Task:
    at = minute(now) + step.due
    return Task(
        id=task_id,
        at=at,
        app="shop",
        function="sync",
        args={"id": task_id},
        created=minute(now),
    )


@settings(max_examples=200)
@given(STEPS)
def test_no_task_is_lost_or_doubled(steps: list[Step]) -> None:
    world = World()
    for step in steps:
        play(world, step)
    for days in (0, 0, 0, 40, 0, 0):
        world.clock.time += timedelta(days=days, minutes=10)
        serve(world, Life())
    for name in world.created - world.given_up:
        assert name in world.started, "lost"
    for name in set(world.started) - world.disturbed:
        assert world.started.count(name) == 1, "doubled"
        assert name not in world.cancelled, "started, and cancelled"
    told = {record.name for log in world.log.logs for record in log.records}
    assert world.created <= told, "nothing is silent"
    assert not [path for path in world.tasks.files if path.startswith("tasks/")], "not cleaned up"
