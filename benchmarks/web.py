"""The HTTP API from a warm history, beside an answer of the same server that asks Modal nothing.

2,000 hourly schedules with a week of history. Each question is asked once, unmeasured; from then on
the server has the runs files in memory. A status is shared for a few seconds, so that measuring
waits until it is asked for anew.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from benchmarks.processes import Command, output_of
from benchmarks.project import apply, reconcile, start_engine, variables, write_manifests
from benchmarks.queries import COUNT, MANIFEST, WRITE
from benchmarks.rows import Row, run
from reconciler.web.recent import LIFE

DAYS: Final = 7
ROUNDS: Final = 3
SECONDS: Final = 0.15
QUESTIONS: Final = (
    "/api/v1/status",
    "/api/v1/schedules?limit=100",
    "/api/v1/runs?limit=100",
    "/api/v1/runs?schedule=job-7&limit=100",
    "/api/v1/next?limit=100",
    "/metrics",
    "/",
    "/schedules",
    "/timeline",
    "/slots",
    "/history",
    "/triggers",
    "/schedules/job-7",
)

PUBLISHED: Final = {
    "/schedules": ("Airflow 2.9.3, its list of 3,200 DAGs, as apache/airflow#41851 reports", 1.0)
}
"""Of the same view elsewhere: who shows it, and in how many seconds, on another machine."""


def rows() -> Iterator[Row]:
    """Each question, and the same status again within its few seconds."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        write_manifests(project, [MANIFEST.format(number=number) for number in range(COUNT)])
        engine = start_engine(project, "--firing", "request")
        try:
            apply(project)
            writing = (sys.executable, "-m", "benchmarks.queries", WRITE, str(COUNT), str(DAYS))
            output_of(Command(writing, env=variables(engine)))
            yield from of_server(project)
        finally:
            engine.stop()


def of_server(project: Path) -> Iterator[Row]:
    """The rows of a server that is started for them."""
    command = reconcile(project, "dashboard", "--no-browser").arguments
    with subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            url = urlsplit(server.stdout.readline().split()[-1])
            origin, token = f"{url.scheme}://{url.netloc}", url.query.partition("=")[2]
            floor = min(seconds(origin, "/openapi.json", token) for _ in range(10))
            beside = "the server answers without asking Modal"
            for path in QUESTIONS:
                seconds(origin, path, token)
                found = []
                for _ in range(ROUNDS):
                    time.sleep(LIFE.total_seconds())
                    found.append(seconds(origin, path, token))
                others, least = PUBLISHED.get(path, (beside, floor))
                yield Row(f"GET {path}", min(found), "s", others, least, at_most=SECONDS)
            seconds(origin, QUESTIONS[0], token)
            again = min(seconds(origin, QUESTIONS[0], token) for _ in range(ROUNDS))
            yield Row(f"GET {QUESTIONS[0]}, shared", again, "s", beside, floor, at_most=SECONDS)
        finally:
            server.terminate()


def seconds(origin: str, path: str, token: str) -> float:
    """How long one request takes."""
    asked = urllib.request.Request(origin + path, headers={"Authorization": f"Bearer {token}"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    began = time.perf_counter()
    with opener.open(asked, timeout=120) as answer:
        answer.read()
    return time.perf_counter() - began


if __name__ == "__main__":
    run(rows)
