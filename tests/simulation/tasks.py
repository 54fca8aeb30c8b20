"""Tasks that programs create and cancel while everything runs."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from random import Random
from typing import Final

from reconciler.client.cancellation import cancel
from reconciler.client.creation import create
from reconciler.client.stored_tasks import TaskPorts, task_of
from reconciler.client.task_errors import TaskError
from reconciler.cron import minute
from reconciler.dispatch.answers import UnavailableError
from reconciler.model.formats import FormatError
from reconciler.model.occurrence import Occurrence
from reconciler.model.task import NAME_PREFIX, Task
from reconciler.policies import Delivery
from tests.simulation.faults import Climate, Container, Killed
from tests.simulation.ports import SimulatedClaims, SimulatedClock, SimulatedTaskFiles
from tests.simulation.world import FIRST_MINUTE, World

HOUR: Final = 60
AHEAD: Final = (-9 * 24 * HOUR, -3 * 24 * HOUR, -2 * HOUR, -1, 0, 1, 30, 5 * HOUR, 3 * 24 * HOUR)
"""Minutes from its creation to a task's time; it can be created late."""
LATER: Final = (0.0, 0.5, 600.0, 6 * 3600.0, 8 * 86400.0)
"""Seconds until it is created again, or cancelled."""


_EDITION: Final = re.compile(r"~\d+@")


def without_edition(key: str) -> str:
    """A task's occurrence id, whichever edition of its id it is."""
    return _EDITION.sub("@", key)


class Answer(Enum):
    """The answer that a program got."""

    DONE = "done"
    REFUSED = "refused"
    NONE = "no answer"


@dataclass(frozen=True, slots=True)
class TaskRequest:
    """A program creates a task, or cancels the one of that id, at so many seconds since the start.

    Attributes:
        number: unique to this request.
    """

    at: float
    number: int
    task: Task
    cancels: bool
    climate: Climate


@dataclass(frozen=True, slots=True)
class Answered:
    """A request and its answer.

    Attributes:
        ended: when the answer came, as a true epoch second.
        task: what there is from now on, or what was cancelled.
        why: the error.
    """

    request: TaskRequest
    answer: Answer
    ended: float
    task: Task | None = None
    why: str = ""


def draw_requests(random: Random, climate: Climate, days: int) -> Iterator[TaskRequest]:
    """What programs ask for in so many days."""
    number = 0
    for which in range(random.choice((0, 10, 30))):
        at = random.uniform(0, days * 86400.0)
        task = _task(random, f"t{which:02}", at)
        requests = [(at, task, False)]
        if random.random() < 0.3:
            requests.append((at + random.choice(LATER), task, False))
        elif random.random() < 0.4:
            at += random.choice(LATER)
            requests.append((at, task, True))
            if random.random() < 0.5:
                at += random.choice(LATER)
                requests.append((at, _task(random, task.id, at), False))
        for when, asked, cancels in requests:
            number += 1
            yield TaskRequest(when, number, asked, cancels, climate)


def _task(random: Random, task_id: str, at: float) -> Task:
    now = FIRST_MINUTE + int(at // 60)
    due = now + random.choice(AHEAD)
    return Task(
        id=task_id,
        at=due,
        app="shop",
        function="sync",
        created=now,
        args={"id": Occurrence(NAME_PREFIX + task_id, due).id},
        delivery=random.choice(list(Delivery)),
    )


async def answer(world: World, request: TaskRequest, random: Random) -> Answered:
    """Let a program ask, in a process of its own."""
    await asyncio.sleep(request.at - asyncio.get_running_loop().time())
    container = Container(world, request.climate, random)
    clock = SimulatedClock(container)
    ports = TaskPorts(clock, SimulatedClaims(container), SimulatedTaskFiles(container))
    token = f"program-{request.number}"
    try:
        if request.cancels:
            task = (await cancel(ports, request.task.id, token, "no longer wanted")).task
        else:
            asked = replace(request.task, created=minute(clock.now()))
            task = task_of(await create(ports, asked, token))
    except (Killed, UnavailableError):
        return Answered(request, Answer.NONE, world.now)
    except (TaskError, FormatError) as error:
        return Answered(request, Answer.REFUSED, world.now, why=str(error))
    finally:
        if container.disturbed:
            world.disturbed |= container.in_hand
    return Answered(request, Answer.DONE, world.now, task)
