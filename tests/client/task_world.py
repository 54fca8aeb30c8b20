"""Creating and cancelling over the in-memory ports, beside the wakes of the dispatcher's tests."""

from __future__ import annotations

import asyncio
from typing import Any

from reconciler.client.cancellation import cancel
from reconciler.client.creation import create
from reconciler.client.stored_tasks import Stored, TaskPorts
from reconciler.cron import minute
from reconciler.dispatch.adapters.in_memory import FakeClock
from reconciler.model.task import SettledTask
from tests.dispatch.scenario import World, at
from tests.dispatch.task_scenario import task


def ports(world: World, time: str = "12:00") -> TaskPorts:
    """The ports of a program at that time."""
    return TaskPorts(FakeClock(at(time)), world.claims, world.tasks)


def created(world: World, task_id: str = "renewal", time: str = "15:00", **values: Any) -> Stored:
    """Create a task."""
    now = values.pop("now", "12:00")
    wanted = task(task_id, time, created=minute(at(now)), **values)
    return asyncio.run(create(ports(world, now), wanted, "creator"))


def cancelled(world: World, task_id: str = "renewal", now: str = "13:00") -> SettledTask:
    """Cancel a task."""
    return asyncio.run(cancel(ports(world, now), task_id, "canceller", "cancelled"))
