"""The Cloudflare account of an environment, as an apply observes and changes it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from reconciler.deploy.ports import UnknownAccountError
from reconciler.errors import ReconcileError
from reconciler.plan.state import LiveAccount, SeenWorker

if TYPE_CHECKING:
    from reconciler.deploy.cloudflare.api import Account
    from reconciler.plan.worker import PlannedWorker

TOKEN_VARIABLE: Final = "CLOUDFLARE_API_TOKEN"  # noqa: S105 - the name of a variable
LOOK_TIMEOUT: Final = 5.0
"""Seconds that one call of a look may take."""
API_VARIABLE: Final = "CLOUDFLARE_API_BASE_URL"


@dataclass(frozen=True, slots=True)
class CloudflareWorkers:
    """See :class:`~reconciler.deploy.ports.Workers`.

    Attributes:
        environ: the environment variables of the command.
    """

    environ: Mapping[str, str] = field(repr=False)

    async def observe(self, account: str, name: str) -> LiveAccount:
        """See :class:`~reconciler.deploy.ports.Workers`."""
        from reconciler.deploy.cloudflare.worker_deployment import (
            observe,  # few commands need httpx
        )

        found = self._account(account)
        try:
            return await asyncio.to_thread(observe, found, name)
        except ReconcileError as error:
            raise UnknownAccountError(error.what, where=error.where, remedy=error.remedy) from error

    async def look(self, account: str, name: str, since: datetime) -> SeenWorker:
        """See :class:`~reconciler.deploy.ports.Workers`."""
        import httpx

        from reconciler.deploy.cloudflare.worker_deployment import look

        found = replace(
            self._account(account), pauses=(), client=httpx.Client(timeout=LOOK_TIMEOUT)
        )
        try:
            return await asyncio.to_thread(look, found, name, since)
        except ReconcileError as error:
            raise UnknownAccountError(error.what, where=error.where, remedy=error.remedy) from error

    async def deploy(
        self,
        planned: PlannedWorker,
        url: str,
        keys: Mapping[str, str],
        say: Callable[[str], None],
    ) -> None:
        """See :class:`~reconciler.deploy.ports.Workers`."""
        from reconciler.deploy.cloudflare.worker_deployment import deploy

        account = self._account(planned.settings.account)
        await asyncio.to_thread(deploy, account, planned, url, keys, say)

    async def tag(self, account: str, name: str, tags: Sequence[str]) -> None:
        """See :class:`~reconciler.deploy.ports.Workers`."""
        found = self._account(account)
        try:
            await asyncio.to_thread(found.put_tags, name, tags)
        except ReconcileError as error:
            raise UnknownAccountError(error.what, where=error.where, remedy=error.remedy) from error

    async def delete(self, account: str, name: str, owners: Iterable[str]) -> None:
        """See :class:`~reconciler.deploy.ports.Workers`."""
        from reconciler.deploy.cloudflare.worker_deployment import delete

        await asyncio.to_thread(delete, self._account(account), name, owners)

    def _account(self, account: str) -> Account:
        from reconciler.deploy.cloudflare.api import API, Account

        token = self.environ.get(TOKEN_VARIABLE, "").strip()
        if not token:
            raise UnknownAccountError(
                f"{TOKEN_VARIABLE} is not set",
                remedy="Set it to a token with the account permissions Workers Scripts Write, "
                "Queues Write and D1 Write; docs/cloudflare.md says how.",
            )
        api = self.environ.get(API_VARIABLE, "").strip().rstrip("/")
        return Account(account, token, api or API)
