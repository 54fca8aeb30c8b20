"""What Modal says of the credentials in use, through the public SDK."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final

import httpx
import modal
from modal.config import config

from reconciler.dispatch.adapters.modal_calls import translated_errors

PATIENCE: Final = 10.0
"""Seconds for the answer that has the time."""


class ModalAccount:
    """The workspace that the client's credentials belong to.

    Args:
        is_local: whether its Modal is the embedded engine, which has this machine's clock.
    """

    def __init__(self, *, is_local: bool) -> None:
        self._is_local = is_local

    async def workspace(self) -> str:
        """See :class:`~reconciler.query.doctor.Account`."""
        with translated_errors("name the workspace"):
            found = await modal.Workspace.from_context().hydrate.aio()
        return found.name or "a workspace without a name"

    async def environments(self) -> Sequence[str]:
        """See :class:`~reconciler.query.doctor.Account`."""
        with translated_errors("list the Modal environments"):
            return [one.name or "" for one in await modal.Environment.objects.list.aio()]

    async def time(self) -> datetime | None:
        """See :class:`~reconciler.query.doctor.Account`. The header `Date` of any answer has it."""
        if self._is_local:
            return None
        try:
            async with httpx.AsyncClient(timeout=PATIENCE) as client:
                answer = await client.head(str(config["server_url"]))
            return parsedate_to_datetime(answer.headers["date"])
        except (httpx.HTTPError, KeyError, ValueError):
            return None
