"""The steps of an apply that concern the Worker on Cloudflare.

Its key comes first: the HTTP API accepts it before the Worker signs with it, and the old one goes
an apply later. The Worker is deployed before the pointer is flipped, with what the live generation
needs as well, so that neither side of the flip is without a wake.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from reconciler.deploy.ports import UnknownAccountError, Workers, Workspace
from reconciler.plan import Action, Plan
from reconciler.plan.tags import IDENTITY_TAG
from reconciler.plan.web_app import web_app_name
from reconciler.plan.worker import PlannedWorker
from reconciler.plan.worker_tags import OWNER_TAG, key_secret, worker_owner
from reconciler.webhook_keys import new_webhook_key, webhook_entry

SCOPES = ("wake", "trigger")
"""What the key of the Worker may be used for."""


@dataclass(frozen=True)
class WorkerSteps:
    """The steps for the Worker of one plan.

    Attributes:
        report: receives a line for each step that was done.
    """

    workspace: Workspace
    plan: Plan
    report: Callable[[str], None]
    _keys: dict[str, str] = field(default_factory=dict, repr=False)

    def require_token(self) -> None:
        """Raise if the Worker is to be changed and its account is unknown.

        Raises:
            UnknownAccountError: it is; nothing was done.
        """
        change = self.plan.worker_change
        if change is not None and self.plan.actual.cloudflare is None:
            raise UnknownAccountError(
                f"the Worker {change.name} cannot be deployed: "
                f"{self.plan.actual.cloudflare_unknown}",
                remedy="Set CLOUDFLARE_API_TOKEN and run reconcile again; docs/cloudflare.md says "
                "what the token needs.",
            )

    @property
    def deploys(self) -> bool:
        """Whether a Worker is deployed."""
        change = self.plan.worker_change
        return change is not None and change.action is not Action.DELETE

    @property
    def deletes(self) -> bool:
        """Whether it is deleted."""
        return self.plan.worker_change is not None and not self.deploys

    @property
    def makes_key(self) -> bool:
        """Whether it gets another key, which the HTTP API has to accept before."""
        return self.deploys and self._planned.new_key

    async def make_key(self) -> None:
        """Make the key and store it in Modal. An earlier one under its number is replaced: the
        Worker that had it is not deployed, or Modal has lost it."""
        key, planned = new_webhook_key(), self._planned
        name = key_secret(self.plan.app, planned.key)
        entry = webhook_entry(f"cloudflare_{planned.key}", key, SCOPES)
        await self.workspace.apps.store_secret(name, dict([entry]))
        self._keys["KEY"] = key
        self.report(f"  key {planned.key} of the Worker is stored in the Secret {name}")

    @cached_property
    def with_earlier(self) -> PlannedWorker:
        """The Worker with what the live generation needs as well."""
        live = self.plan.actual.live
        return self._planned if live is None else self._planned.with_earlier(live, self.plan.now)

    @property
    def is_deployed_again(self) -> bool:
        """Whether the pointer's flip leaves it with more than it needs."""
        return self.deploys and self.with_earlier.digest != self._planned.digest

    async def deploy(self, planned: PlannedWorker | None = None) -> None:
        """Deploy the Worker.

        Args:
            planned: None for the one of the plan.

        Raises:
            RefusedError, CloudflareError: Cloudflare refused it. The next apply completes it.
        """
        worker = planned or self._planned
        url = await self.workspace.apps.web_address(web_app_name(self.plan.app))
        given = {**self._keys, **self._recipients(worker)}
        await self._workers.deploy(worker, url, given, lambda line: self.report(f"  {line} …"))
        self.report(f"  Worker {worker.name} is deployed")

    async def delete(self) -> None:
        """Delete the Worker, and the key that it had."""
        own, change = self.plan.actual.own, self.plan.worker_change
        assert change is not None, "there is a change, or nothing is deleted"
        identities = [self.plan.desired.owner.identity.digest]
        if own is not None and IDENTITY_TAG in own.tags:
            identities.append(own.tags[IDENTITY_TAG])
        settings = self.plan.desired.settings
        account = str((change.before or {})["account"])
        owners = [worker_owner(identity, settings) for identity in identities]
        live = self.plan.actual.cloudflare
        tags = None if live is None else live.own
        if tags is not None and {OWNER_TAG + owner for owner in owners}.isdisjoint(tags):
            self.report(f"  Worker {change.name} is no longer ours, and stays")
            return
        await self._workers.delete(account, change.name, owners)
        for number in self.plan.actual.worker_keys:
            await self.workspace.apps.remove_secret(key_secret(self.plan.app, number))
        self.report(f"  Worker {change.name} is deleted; its queues and its database stay")

    def _recipients(self, worker: PlannedWorker) -> dict[str, str]:
        """The addresses that the Worker notifies, as a secret binding.

        Modal shows no value of its Secrets, so an address in one is taken from the variable that
        bears its key's name. Without any, the Worker keeps those that it has.
        """
        given = (
            one.url or self.workspace.environ.get(one.key or "", "") for one in worker.recipients
        )
        urls = [url for url in given if url]
        return {"RECIPIENTS": json.dumps(urls)} if urls or not worker.recipients else {}

    @property
    def _planned(self) -> PlannedWorker:
        assert self.plan.worker is not None, "only a planned Worker is deployed"
        return self.plan.worker

    @property
    def _workers(self) -> Workers:
        assert self.workspace.workers is not None, "its account was observed"
        return self.workspace.workers
