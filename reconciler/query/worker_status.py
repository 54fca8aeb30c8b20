"""How the second wake source stands, and how long after their times runs start."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.dispatch.decide.second_source import worker_overdue_since
from reconciler.model.cursor import Cursor
from reconciler.model.generation import Generation, Worker
from reconciler.model.runs import Run, lateness


@dataclass(frozen=True, slots=True)
class WorkerStatus:
    """The Worker on Cloudflare that asks for wakes.

    Attributes:
        worker: what was applied of it.
        last_wake: when it last asked for one, ISO 8601; None when that is not known.
        overdue: epoch minute of the first due minute for which it asked for none; None when it is
            well.
    """

    worker: Worker
    last_wake: str | None
    overdue: int | None


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds from a nominal time to the start of its run.

    Attributes:
        runs: how many are known.
    """

    runs: int
    least: int
    median: int
    p99: int


def worker_status(generation: Generation, cursor: Cursor, now: int) -> WorkerStatus | None:
    """How the Worker stands; None without one.

    Args:
        now: epoch minute.
    """
    worker = generation.worker
    if worker is None:
        return None
    overdue = worker_overdue_since(generation, cursor.wakes, now, recovered=cursor.recovered)
    return WorkerStatus(worker, cursor.wakes.get(worker.source), overdue)


def latency_of(runs: Iterable[Run]) -> Latency | None:
    """How long after its nominal time a run starts; None when none has started."""
    late = sorted(seconds for run in runs if (seconds := lateness(run)) is not None)
    if not late:
        return None
    return Latency(len(late), late[0], late[len(late) // 2], late[math.ceil(len(late) * 0.99) - 1])
