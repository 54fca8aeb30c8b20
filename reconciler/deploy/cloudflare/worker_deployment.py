"""Brings the Worker of a plan to Cloudflare, in an order that leaves no due minute without a wake.

Each step may be repeated: a deploy that was killed after any call is completed by the next one.
The schedules are put after every upload, changed or not: Cloudflare has lost the delivery of cron
triggers after an upload, and a PUT of the same list cures it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from reconciler.deploy.cloudflare.api import Account, Upload
from reconciler.deploy.cloudflare.worker_modules import TABLES, worker_modules
from reconciler.errors import ReconcileError, RefusedError
from reconciler.plan.state import LiveAccount, SeenWorker, WorkerAttempts
from reconciler.plan.worker import PlannedWorker
from reconciler.plan.worker_changes import refuse_in_account, same_crons
from reconciler.plan.worker_tags import OWNER_TAG

MAX_RETRIES: Final = 20
"""Tries of a message by the queue: with its growing delays, some 15 hours."""


def observe(account: Account, name: str) -> LiveAccount:
    """Read which Workers there are, and their cron triggers: a call for each Worker."""
    scripts = account.scripts()
    own = next((script.tags for script in scripts if script.name == name), None)
    return LiveAccount(own, {script.name: account.schedules(script.name) for script in scripts})


ATTEMPTS: Final = (
    "SELECT outcome, COUNT(*) AS number, MAX(at) AS last, status, error FROM attempts "
    "WHERE at > ? GROUP BY outcome"
)
"""The columns without an aggregate are of the row with the MAX, by SQLite's documentation."""


def look(account: Account, name: str, since: datetime) -> SeenWorker:
    """Read the Worker of this name, and the attempts that it recorded since then."""
    tags = next((script.tags for script in account.scripts() if script.name == name), None)
    if tags is None:
        return SeenWorker(None)
    database = account.find_database(name)
    attempts = None
    if database is not None:
        rows = account.query(database, ATTEMPTS, round(since.timestamp() * 1000))
        attempts = tuple(map(_attempts, rows))
    return SeenWorker(tags, account.schedules(name), attempts)


def _attempts(row: Mapping[str, Any]) -> WorkerAttempts:
    last = datetime.fromtimestamp(int(row["last"]) / 1000, UTC)
    error, status = str(row.get("error") or ""), int(row.get("status") or 0)
    return WorkerAttempts(str(row["outcome"]), int(row["number"]), last, status, error)


def deploy(
    account: Account,
    planned: PlannedWorker,
    url: str,
    keys: Mapping[str, str],
    say: Callable[[str], None],
) -> None:
    """Deploy a Worker, and read back that it is there.

    Args:
        url: of the HTTP API that it calls.
        keys: secret bindings by name, such as `KEY`; never printed. Those that it has stay.
        say: takes a line of progress.

    Raises:
        RefusedError: it would harm others, or Cloudflare would refuse it half-way; nothing was
            changed.
        CloudflareError: Cloudflare refused a step; the next deploy completes it.
    """
    name = planned.name
    for refusal in refuse_in_account(observe(account, name), planned):
        raise RefusedError(refusal.message, remedy=refusal.remedy)
    bindings: list[Mapping[str, str]] = [_text("URL", url)]
    bindings += [_secret(key, value) for key, value in sorted(keys.items())]
    if planned.settings.database:
        say("D1 database")
        database = account.database(name)
        for table in TABLES:
            account.query(database, table)
        bindings.append({"type": "d1", "name": "DB", "id": database})
    queue = dead = ""
    if planned.settings.queue:
        say("queues")
        queue, dead = account.queue(retry_queue(name)), account.queue(dead_queue(name))
        bindings += [
            {"type": "queue", "name": "RETRY", "queue_name": retry_queue(name)},
            _text("DEAD_QUEUE", dead_queue(name)),
        ]
    say("Worker")
    account.upload(name, Upload(worker_modules(planned.data), bindings, planned.tags))
    account.disable_address(name)
    say("cron triggers")
    account.put_schedules(name, planned.crons)
    if planned.settings.queue:
        say("consumers")
        account.put_consumer(queue, _consumer(name, dead_queue(name)))
        account.put_consumer(dead, _consumer(name, None))
    found = account.schedules(name)
    if not same_crons(found, planned.crons):
        raise ReconcileError(
            "Cloudflare has other cron triggers than this deploy set: "
            f"{', '.join(found) or 'none'}",
            where=f"Worker {name}",
            remedy="Another deploy may have run at the same time. Apply again.",
        )


def delete(account: Account, name: str, owners: Iterable[str]) -> None:
    """Delete a Worker: first its cron triggers. Its queues and its database stay.

    Args:
        owners: digests, one of which it has to bear.

    Raises:
        RefusedError: the Worker is not ours.
    """
    own = next((script for script in account.scripts() if script.name == name), None)
    if own is None:
        return
    if {OWNER_TAG + owner for owner in owners}.isdisjoint(own.tags):
        raise RefusedError(
            f"the Worker `{name}` is not ours", remedy="Delete it in Cloudflare's dashboard."
        )
    account.put_schedules(name, ())
    account.delete_script(name)


def retry_queue(name: str) -> str:
    """The name of the queue that repeats what failed."""
    return f"{name}-retries"


def dead_queue(name: str) -> str:
    """The name of the queue with what was tried too often."""
    return f"{name}-exhausted"


def _consumer(script: str, dead_letters: str | None) -> Mapping[str, object]:
    settings = {"batch_size": 10, "max_retries": MAX_RETRIES, "max_wait_time_ms": 1000}
    consumer: dict[str, object] = {"type": "worker", "script_name": script, "settings": settings}
    return consumer | ({"dead_letter_queue": dead_letters} if dead_letters else {})


def _text(name: str, text: str) -> Mapping[str, str]:
    return {"type": "plain_text", "name": name, "text": text}


def _secret(name: str, text: str) -> Mapping[str, str]:
    return {"type": "secret_text", "name": name, "text": text}
