"""What is live, asked for within a bounded time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from reconciler.deploy.modal_files import RemoteGenerations
from reconciler.model.generation import Generation
from reconciler.query.status import Status
from reconciler.web.problems import RequestError
from reconciler.web.site import Site

T = TypeVar("T")


async def answered(site: Site, question: Awaitable[T]) -> T:
    """The answer to a question.

    Raises:
        TimeoutError: Modal did not answer in time.
    """
    async with asyncio.timeout(site.serving.answer_seconds):
        return await question


async def current_status(site: Site) -> Status:
    """How everything stands, a few seconds ago at most.

    Raises:
        RequestError: nothing was applied (404).
    """
    status = await answered(site, site.status.get())
    if status is None:
        raise nothing_applied(site)
    return status


def nothing_applied(site: Site) -> RequestError:
    """The error of a question about live state before the first apply."""
    return RequestError(
        404,
        "nothing-applied",
        f"nothing was applied to {site.serving.environment.name} yet",
        remedy="Run reconcile first.",
    )


async def live_generation(site: Site) -> Generation:
    """What is live.

    Raises:
        RequestError: nothing was applied (404).
        FormatError: it cannot be read.
    """
    generation = await answered(site, RemoteGenerations(site.ports.modal.files).live())
    if generation is None:
        raise nothing_applied(site)
    return generation
