"""The Worker's modules: the code that ships in the package, and its data."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from importlib.resources import files

from reconciler.plan.worker_data import WorkerData

TABLES = (
    (
        "CREATE TABLE IF NOT EXISTS attempts (id TEXT, minute INTEGER, attempt INTEGER, "
        "at INTEGER, outcome TEXT, status INTEGER, ms INTEGER, error TEXT)"
    ),
    "CREATE INDEX IF NOT EXISTS attempts_at ON attempts (at)",
    "CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value INTEGER)",
)
"""What D1 must hold before the Worker runs."""


@cache
def worker_code() -> str:
    """A digest of the code that ships in the package, with its tables."""
    return sha256("\n".join([_code(), *TABLES]).encode()).hexdigest()[:12]


def worker_modules(data: WorkerData) -> Mapping[str, str]:
    """Return the text of each module by its name, the main one first."""
    return {"worker.js": _code(), "data.js": data.module}


def _code() -> str:
    return files("reconciler.deploy.cloudflare").joinpath("worker.js").read_text(encoding="utf-8")
