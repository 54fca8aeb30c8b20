"""The synchronous twins: they wait for what the asynchronous ones do."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from reconciler.errors import ReconcileError

T = TypeVar("T")


def wait_for(job: Coroutine[Any, Any, T]) -> T:
    """Run a job to its end.

    Raises:
        ReconcileError: an event loop runs in this thread, which waiting would block.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(job)
    job.close()
    raise ReconcileError(
        "this is asynchronous code, which cannot wait for a synchronous function",
        remedy="Await its twin, whose name ends in _async.",
    )
