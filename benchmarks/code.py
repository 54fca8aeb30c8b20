"""A plan with 500 functions of the repository, beside the same plan with deployed functions.

Each function has a file of its own and imports one that all share. The files are read once from the
work tree, and once from a commit.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks.processes import measure
from benchmarks.project import manifest, reconcile, start_engine, write_manifests
from benchmarks.rows import Row, run

TARGETS: Final = 500
BEYOND: Final = 1.0
"""Seconds that a plan may take beyond the one without code targets."""
_JOB: Final = """\
import json
import os
from datetime import datetime

from jobs.common import send


def run(window: str = "24h", occurrence=None) -> dict[str, object]:
    rows = [json.loads(line) for line in os.environ.get("ROWS", "").splitlines()]
    return send({{"number": {number}, "rows": rows, "at": datetime.now().isoformat()}})
"""


def rows() -> Iterator[Row]:
    """From the work tree, and from a commit."""
    with tempfile.TemporaryDirectory() as folder:
        plain, coded = Path(folder) / "plain", Path(folder) / "coded"
        deployed = [manifest(number) for number in range(TARGETS)]
        write_manifests(plain, deployed)
        write_manifests(coded, [_with_code(text, n) for n, text in enumerate(deployed)])
        jobs = coded / "jobs"
        jobs.mkdir()
        (jobs / "common.py").write_text("def send(value):\n    return value\n")
        for number in range(TARGETS):
            (jobs / f"job_{number}.py").write_text(_JOB.format(number=number))
        for project in (plain, coded):
            _commit(project)
        engines = [start_engine(project) for project in (plain, coded)]
        try:
            for where, options in (("the work tree", ()), ("a commit", ("--at", "HEAD"))):
                command = ("--dry-run", "--format", "json", *options)
                ours, without = measure(reconcile(coded, *command), reconcile(plain, *command))
                yield Row(
                    f"--dry-run, {TARGETS} code targets of {where}",
                    ours.seconds,
                    "s",
                    "the same schedules of deployed functions",
                    without.seconds,
                    at_most=without.seconds + BEYOND,
                    mebibytes=ours.mebibytes,
                )
        finally:
            for engine in engines:
                engine.stop()


def _with_code(text: str, number: int) -> str:
    """A manifest whose function is the repository's."""
    lines = [line for line in text.splitlines() if not line.startswith(("function:", "args:"))]
    return "\n".join([*lines, f"code: jobs/job_{number}.py::run", ""])


def _commit(project: Path) -> None:
    identity = ("-c", "user.name=bench", "-c", "user.email=bench@example.com")
    for arguments in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "all")):
        subprocess.run(["git", *identity, *arguments], cwd=project, check=True)


if __name__ == "__main__":
    run(rows)
