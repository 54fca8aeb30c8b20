"""Tasks over the in-memory ports: what the tests of tasks are written in."""

from __future__ import annotations

from typing import Any

from reconciler.cron import minute
from reconciler.model.task import SettledTask, Task, decode_settled
from tests.dispatch.scenario import World, at


def task(task_id: str = "renewal", time: str = "15:00", **values: Any) -> Task:
    """A task for a time, created at noon."""
    given: dict[str, Any] = {
        "created": minute(at("12:00")),
        "app": "shop",
        "function": "sync",
        **values,
    }
    return Task(id=task_id, at=minute(at(time)), **given)


def store(world: World, *tasks: Task) -> None:
    """Put their files there."""
    world.tasks.files |= {one.path: one.encode() for one in tasks}


def settled(world: World, one: Task) -> SettledTask | None:
    """What is said of a task under ``settled/``."""
    content = world.tasks.files.get(one.settled_path)
    return None if content is None else decode_settled(content, one.settled_path)


def spawned(world: World) -> list[str]:
    """The functions that were started, in order."""
    return [call.function for call in world.caller.calls]
