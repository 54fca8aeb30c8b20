"""The application's own ports: the real ones."""

from __future__ import annotations

from typing import Final

import httpx

from reconciler.client.jobs import Outcome, result_async
from reconciler.dispatch.answers import UnavailableError
from reconciler.errors import ReconcileError

FETCH_SECONDS: Final = 5.0
LARGEST_KEY_SET: Final = 256 * 1024


class ModalResults:
    """The results of Modal's calls."""

    async def outcome(self, call: str) -> Outcome:
        """See :class:`~reconciler.web.ports.Results`."""
        try:
            return await result_async(call)
        except ReconcileError as error:
            if isinstance(error.__cause__, UnavailableError):
                raise error.__cause__ from error
            raise


class HttpKeySets:
    """Key sets over HTTPS."""

    async def fetch(self, url: str) -> bytes:
        """See :class:`~reconciler.web.ports.KeySets`."""
        try:
            async with (
                httpx.AsyncClient(timeout=FETCH_SECONDS, follow_redirects=False) as client,
                client.stream("GET", url) as answer,
            ):
                answer.raise_for_status()
                content = b""
                async for part in answer.aiter_bytes():
                    content += part
                    if len(content) > LARGEST_KEY_SET:
                        raise UnavailableError(f"the keys at {url} are too large")
        except httpx.HTTPError as error:
            raise UnavailableError(f"the keys at {url} cannot be fetched") from error
        return content
