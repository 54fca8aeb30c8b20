"""The Worker as files for wrangler, for people who deploy it themselves."""

from __future__ import annotations

import json
from collections.abc import Mapping

from reconciler.deploy.cloudflare.api import COMPATIBILITY_DATE
from reconciler.deploy.cloudflare.worker_deployment import (
    MAX_RETRIES,
    dead_queue,
    retry_queue,
)
from reconciler.deploy.cloudflare.worker_modules import TABLES, worker_modules
from reconciler.plan.worker import PlannedWorker

DATABASE_ID = "REPLACE-WITH-THE-ID-THAT-WRANGLER-D1-CREATE-PRINTS"
_HEAD = """\
// The Worker of `reconcile cloudflare export`. Its key is a secret: wrangler secret put KEY
"""


def wrangler_files(planned: PlannedWorker, url: str) -> Mapping[str, str]:
    """The content of each file by its name.

    Args:
        url: of the HTTP API that it calls.
    """
    files = {**worker_modules(planned.data)}
    if planned.settings.database:
        files["schema.sql"] = ";\n".join(TABLES) + ";\n"
    files["wrangler.jsonc"] = _HEAD + json.dumps(_configuration(planned, url), indent=2) + "\n"
    return files


def _configuration(planned: PlannedWorker, url: str) -> Mapping[str, object]:
    name, settings = planned.name, planned.settings
    found: dict[str, object] = {
        "name": name,
        "main": "worker.js",
        "compatibility_date": COMPATIBILITY_DATE,
        "account_id": settings.account,
        "workers_dev": False,
        "preview_urls": False,
        "no_bundle": True,
        "rules": [{"type": "ESModule", "globs": ["**/*.js"]}],
        "triggers": {"crons": list(planned.crons)},
        "vars": {"URL": url},
    }
    if settings.database:
        database = {"binding": "DB", "database_name": name, "database_id": DATABASE_ID}
        found["d1_databases"] = [database]
    if settings.queue:
        found["vars"] = {"URL": url, "DEAD_QUEUE": dead_queue(name)}
        consumer = {"max_batch_size": 10, "max_batch_timeout": 1, "max_retries": MAX_RETRIES}
        retries = {"queue": retry_queue(name), "dead_letter_queue": dead_queue(name)}
        found["queues"] = {
            "producers": [{"binding": "RETRY", "queue": retry_queue(name)}],
            "consumers": [{**retries, **consumer}, {"queue": dead_queue(name), **consumer}],
        }
    return found
