"""Runs the asynchronous functions for their synchronous versions."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from reconciler.errors import ReconcileError

T = TypeVar("T")


def run_sync(job: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end.

    Raises:
        ReconcileError: an event loop runs in this thread; waiting would block it.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(job)
    job.close()
    raise ReconcileError(
        "a synchronous function was called inside a running event loop, which it would block",
        remedy="Await the function of the same name that ends in _async.",
    )
