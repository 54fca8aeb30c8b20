"""The HTTP API from a warm history, beside an answer of the same server that asks Modal nothing.

2,000 hourly schedules with a week of history, and one schedule with 8,000 runs. Each question is
asked once, unmeasured; from then on the server has the runs files in memory. A status is shared for
a few seconds, so that measuring waits until it is asked for anew.
"""

from __future__ import annotations

import gzip
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from benchmarks.processes import Command, output_of
from benchmarks.project import apply, reconcile, start_engine, variables, write_manifests
from benchmarks.queries import COUNT, MANIFEST, WRITE
from benchmarks.rows import Row, run
from reconciler.web.recent import LIFE
from tests.web.pages.browser import chromium

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

LOADED: Final = 1.5
"""Seconds until the browser has loaded the first view."""
COMPRESSED: Final = 20 * 1024
"""Bytes of the first view."""
OFTEN: Final = MANIFEST.format(number=0).replace("0 * * * *", "*/5 * * * *")
OFTEN_DAYS: Final = 29
"""Days in which that schedule runs 8,064 times and more."""
ONE_SECONDS: Final = 0.2

_HOME: Final = "Airflow 2.9.3, its list of 3,200 DAGs"
PUBLISHED: Final = {
    # github.com/apache/airflow/issues/41851: "just over 1 second" without the check of access, 60 s
    # to 70 s with it. Airflow's first view is that list.
    "/": (_HOME, 1.0),
    "/schedules": (_HOME, 1.0),
    # github.com/apache/airflow/issues/49800: no answer with 8,000 runs, 49.21 s once some 5,000 of
    # them were deleted.
    "/schedules/job-0": ("Airflow 3.0.0, its grid of a DAG with some 3,000 runs", 49.21),
}
"""Of the same view elsewhere: who shows it, and in how many seconds, on another machine."""


def rows() -> Iterator[Row]:
    """Each question, the shared answers, the first view in a browser, and the one schedule."""
    manifests = [MANIFEST.format(number=number) for number in range(COUNT)]
    with served(manifests, DAYS, 60) as url:
        yield from of_many(url)
    with served([OFTEN], OFTEN_DAYS, 5) as url:
        yield answer(url, "/schedules/job-0", ONE_SECONDS, "GET one schedule with 8,000 runs")


@contextmanager
def served(manifests: list[str], days: int, every: int) -> Iterator[str]:
    """The address that the dashboard prints, over a history with a wake every so many minutes."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        write_manifests(project, manifests)
        engine = start_engine(project, "--firing", "request")
        try:
            apply(project)
            numbers = map(str, (len(manifests), days, every))
            writing = (sys.executable, "-m", "benchmarks.queries", WRITE, *numbers)
            output_of(Command(writing, env=variables(engine)))
            command = reconcile(project, "dashboard", "--no-browser").arguments
            with subprocess.Popen(
                command, cwd=project, stdout=subprocess.PIPE, text=True
            ) as server:
                try:
                    assert server.stdout is not None
                    yield server.stdout.readline().split()[-1]
                finally:
                    server.terminate()
        finally:
            engine.stop()


def of_many(url: str) -> Iterator[Row]:
    """The rows of many schedules."""
    for path in QUESTIONS:
        yield answer(url, path, SECONDS)
    for path in ("/", QUESTIONS[0]):
        ask(url, path)
        again = min(ask(url, path)[0] for _ in range(ROUNDS))
        yield Row(f"GET {path}, shared", again, "s", *floor(url), at_most=SECONDS)
    first, data = (len(gzip.compress(ask(url, path)[1])) for path in ("/", QUESTIONS[0]))
    yield Row("GET /, compressed", first, "B", "the status as JSON", data, at_most=COMPRESSED)
    loaded = loading(url)
    yield Row("GET /, loaded in Chromium", loaded, "s", *PUBLISHED["/"], at_most=LOADED)


def answer(url: str, path: str, at_most: float, what: str = "") -> Row:
    """The row of a question whose answer is shared no longer."""
    ask(url, path)
    found = []
    for _ in range(ROUNDS):
        time.sleep(LIFE.total_seconds())
        found.append(ask(url, path)[0])
    beside, theirs = PUBLISHED.get(path) or floor(url)
    return Row(what or f"GET {path}", min(found), "s", beside, theirs, at_most=at_most)


def floor(url: str) -> tuple[str, float]:
    """The least that an answer of this server takes."""
    least = min(ask(url, "/openapi.json")[0] for _ in range(10))
    return "the server answers without asking Modal", least


def ask(url: str, path: str) -> tuple[float, bytes]:
    """How many seconds one request takes, and the answer."""
    parts = urlsplit(url)
    headers = {"Authorization": f"Bearer {parts.query.partition('=')[2]}"}
    asked = urllib.request.Request(f"{parts.scheme}://{parts.netloc}{path}", headers=headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    began = time.perf_counter()
    with opener.open(asked, timeout=120) as found:
        content = found.read()
    return time.perf_counter() - began, content


def loading(url: str) -> float:
    """The seconds from the address to the end of loading, the style and the script included; the
    browser keeps nothing of what it loaded before."""
    found = []
    with chromium() as browser:
        for _ in range(ROUNDS):
            page = browser.new_context().new_page()
            page.goto(url)
            time.sleep(LIFE.total_seconds())
            page.goto(url)
            page.wait_for_function("performance.getEntriesByType('navigation')[0].loadEventEnd > 0")
            took = page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
            found.append(float(took))
    return min(found) / 1000


if __name__ == "__main__":
    run(rows)
