"""A repository of manifests in any number, alike in every run, and as many DNS records."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

from benchmarks.processes import Command, output_of
from tests.engine_fixture import RunningEngine

ZONES: Final = ("UTC", "America/New_York", "Europe/Paris", "Asia/Tokyo")
APP: Final = """
import modal
app = modal.App("analytics")

@app.function(serialized=True)
def daily_sync(window: str, shard: int) -> None:
    pass
"""


def reconcile(project: Path, *arguments: str) -> Command:
    """Our command line in a project; ``lint`` exits with 1 when it has findings."""
    codes = (0, 1) if "lint" in arguments else (0,)
    return Command((sys.executable, "-m", "reconciler", *arguments), project, codes=codes)


def write_manifests(project: Path, manifests: list[str]) -> None:
    """One file each."""
    folder = project / "schedules"
    folder.mkdir(parents=True)
    for number, text in enumerate(manifests):
        (folder / f"job-{number}.yaml").write_text(text)


def start_engine(project: Path, *options: str) -> RunningEngine:
    """Start an engine where commands in this project look for it, with the target deployed."""
    engine = RunningEngine(project / ".reconciler" / "engine", options).start()
    (project / "app.py").write_text(APP)
    engine.modal("deploy", str(project / "app.py"))
    return engine


def variables(engine: RunningEngine) -> dict[str, str]:
    """The variables of a client of this engine."""
    return os.environ | engine.record.variables


def apply(project: Path) -> None:
    """Deploy and record what the manifests say."""
    output_of(reconcile(project, "--yes"))


def manifest(number: int) -> str:
    """An ordinary manifest; of the first 10,080 no two share a time and a zone."""
    return f"""\
name: job-{number}
schedule: "{number % 60} {number // 60 % 24} * * {number // 1440 % 7}"
timezone: {ZONES[number % len(ZONES)]}
function: analytics/daily_sync
args: {{window: 24h, shard: {number}}}
deadline: 1h
owner: data
"""


def record(number: int) -> str:
    """An ordinary record, in octoDNS's order of names."""
    return f"""\
job-{number}:
  ttl: 300
  type: A
  value: 10.{number // 65_536}.{number // 256 % 256}.{number % 256}
"""
