"""How the second wake source stands."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.dispatch.decide.second_source import worker_overdue_since
from reconciler.model.cursor import Cursor
from reconciler.model.generation import Generation, Worker
from reconciler.plan.state import WorkerAttempts
from reconciler.query.latency import WakeLatency


@dataclass(frozen=True, slots=True)
class WorkerStatus:
    """The Worker on Cloudflare that asks for wakes.

    Attributes:
        worker: what was applied of it.
        last_wake: when it last asked for one, ISO 8601; None when that is not known.
        overdue: epoch minute of the first due minute for which it asked for none; None when it is
            well.
        latency: of the wakes that it asked for and that are known; None without any.
        attempts: that it recorded in the last day; None where it records none, or they are unknown.
        unknown: why Cloudflare could not be asked about it; None where it was.
    """

    worker: Worker
    last_wake: str | None
    overdue: int | None
    latency: WakeLatency | None = None
    attempts: tuple[WorkerAttempts, ...] | None = None
    unknown: str | None = None


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
