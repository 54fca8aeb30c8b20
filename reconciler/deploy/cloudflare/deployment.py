"""Brings the Worker of a plan to Cloudflare, in an order that leaves no due minute without a wake.

Each step may be repeated: a deploy that was killed after any call is completed by the next one.
The schedules are put after every upload, changed or not: Cloudflare has lost the delivery of cron
triggers after an upload, and a PUT of the same list cures it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from reconciler.cron.cloudflare import read
from reconciler.deploy.cloudflare.api import Account, Script, Upload
from reconciler.deploy.cloudflare.worker import TABLES, worker_modules
from reconciler.errors import ReconcileError, RefusedError
from reconciler.plan.worker_data import WorkerData
from reconciler.words import count

OWNER_TAG: Final = "reconciler-owner-"
DIGEST_TAG: Final = "reconciler-digest-"
MAX_RETRIES: Final = 20
"""Tries of a message by the queue: with its growing delays, some 15 hours."""


@dataclass(frozen=True, slots=True)
class WorkerPlan:
    """A Worker as it is to be.

    Attributes:
        name: of the Worker; its queues and its database are named after it.
        owner: digest of the repository's identity.
        data: what it knows.
        crons: its cron triggers, in Cloudflare's dialect.
        url: of the HTTP API that it calls.
        keys: secret bindings by name, such as `KEY`; never printed.
        has_queue, has_database: whether it repeats by a queue, and records in D1.
        budget: cron triggers that the account's subscription allows, all Workers together.
    """

    name: str
    owner: str
    data: WorkerData
    crons: tuple[str, ...]
    url: str
    keys: Mapping[str, str] = field(repr=False)
    has_queue: bool = True
    has_database: bool = True
    budget: int = 5

    @property
    def digest(self) -> str:
        """Of all but the keys' values, which no digest may reveal."""
        parts = [worker_modules(self.data), self.url, sorted(self.keys), self.crons]
        shape = json.dumps([*parts, self.has_queue, self.has_database])
        return sha256(shape.encode()).hexdigest()[:16]

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags of the Worker: whose it is, and what was deployed."""
        return OWNER_TAG + self.owner, DIGEST_TAG + self.digest


@dataclass(frozen=True, slots=True)
class Observed:
    """What an account holds.

    Attributes:
        own: the Worker of our name; None when there is none.
        crons: the cron triggers of each Worker, by its name.
    """

    own: Script | None
    crons: Mapping[str, tuple[str, ...]]

    def others(self, name: str) -> int:
        """How many cron triggers the other Workers have."""
        return sum(len(crons) for worker, crons in self.crons.items() if worker != name)


def observe(account: Account, name: str) -> Observed:
    """Read which Workers there are, and their cron triggers: a call for each Worker."""
    scripts = account.scripts()
    own = next((script for script in scripts if script.name == name), None)
    return Observed(own, {script.name: account.schedules(script.name) for script in scripts})


def refuse(observed: Observed, plan: WorkerPlan) -> None:
    """Refuse a deploy that would harm others or that Cloudflare would refuse half-way.

    Raises:
        RefusedError: the Worker is not ours, or the cron triggers exceed the budget.
    """
    own = observed.own
    if own is not None and OWNER_TAG + plan.owner not in own.tags:
        theirs = [tag.removeprefix(OWNER_TAG) for tag in own.tags if tag.startswith(OWNER_TAG)]
        whose = f"belongs to another repository ({theirs[0]})" if theirs else "is not ours"
        raise RefusedError(
            f"the Worker `{plan.name}` {whose}",
            where=f"Cloudflare account {_shown(observed)}",
            remedy="Give our Worker another name, or delete this one in Cloudflare's dashboard.",
        )
    others = observed.others(plan.name)
    wanted = others + len(plan.crons)
    held = others + len(observed.crons.get(plan.name, ()))
    if held > plan.budget or wanted > plan.budget:
        raise RefusedError(
            f"the Worker needs {count(len(plan.crons), 'cron trigger')}, and "
            f"{max(0, plan.budget - others)} of the account's {plan.budget} are free",
            where=f"Cloudflare account {_shown(observed)}",
            remedy="`mode: tick` needs one. Or delete cron triggers of other Workers, or set "
            "`subscription: paid` where the account has it.",
        )


def _shown(observed: Observed) -> str:
    holders = [f"{name} {len(crons)}" for name, crons in sorted(observed.crons.items()) if crons]
    return f"(cron triggers: {', '.join(holders) or 'none'})"


def deploy(account: Account, plan: WorkerPlan, say: Callable[[str], None]) -> None:
    """Deploy a Worker, and read back that it is there.

    Args:
        say: takes a line of progress.

    Raises:
        RefusedError: see :func:`refuse`; nothing was changed.
        CloudflareError: Cloudflare refused a step; the next deploy completes it.
    """
    refuse(observe(account, plan.name), plan)
    bindings: list[Mapping[str, str]] = [_text("URL", plan.url)]
    bindings += [_secret(name, value) for name, value in sorted(plan.keys.items())]
    if plan.has_database:
        say("D1 database")
        database = account.database(plan.name)
        for table in TABLES:
            account.query(database, table)
        bindings.append({"type": "d1", "name": "DB", "id": database})
    queue = dead = ""
    if plan.has_queue:
        say("queues")
        queue, dead = account.queue(_retries(plan.name)), account.queue(_dead(plan.name))
        bindings += [
            {"type": "queue", "name": "RETRY", "queue_name": _retries(plan.name)},
            _text("DEAD_QUEUE", _dead(plan.name)),
        ]
    say("Worker")
    account.upload(plan.name, Upload(worker_modules(plan.data), bindings, plan.tags))
    account.disable_address(plan.name)
    say("cron triggers")
    account.put_schedules(plan.name, plan.crons)
    if plan.has_queue:
        say("consumers")
        account.put_consumer(queue, _consumer(plan.name, _dead(plan.name)))
        account.put_consumer(dead, _consumer(plan.name, None))
    _read_back(account, plan)


def delete(account: Account, name: str, owner: str) -> None:
    """Delete a Worker: first its cron triggers. Its queues and its database stay.

    Raises:
        RefusedError: the Worker is not ours.
    """
    own = next((script for script in account.scripts() if script.name == name), None)
    if own is None:
        return
    if OWNER_TAG + owner not in own.tags:
        raise RefusedError(
            f"the Worker `{name}` is not ours", remedy="Delete it in Cloudflare's dashboard."
        )
    account.put_schedules(name, ())
    account.delete_script(name)


def _read_back(account: Account, plan: WorkerPlan) -> None:
    found = account.schedules(plan.name)
    if not same_crons(found, plan.crons):
        raise ReconcileError(
            f"Cloudflare holds other cron triggers than were put: {', '.join(found) or 'none'}",
            where=f"Worker {plan.name}",
            remedy="Another deploy may have run at the same time. Apply again.",
        )


def same_crons(found: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whether two lists of cron triggers mean the same, in whatever words."""
    return {read(cron) for cron in found} == {read(cron) for cron in wanted}


def _retries(name: str) -> str:
    return f"{name}-retries"


def _dead(name: str) -> str:
    return f"{name}-exhausted"


def _consumer(script: str, dead_letters: str | None) -> Mapping[str, object]:
    settings = {"batch_size": 10, "max_retries": MAX_RETRIES, "max_wait_time_ms": 1000}
    consumer: dict[str, object] = {"type": "worker", "script_name": script, "settings": settings}
    return consumer | ({"dead_letter_queue": dead_letters} if dead_letters else {})


def _text(name: str, text: str) -> Mapping[str, str]:
    return {"type": "plain_text", "name": name, "text": text}


def _secret(name: str, text: str) -> Mapping[str, str]:
    return {"type": "secret_text", "name": name, "text": text}
