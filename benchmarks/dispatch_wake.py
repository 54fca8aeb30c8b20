"""A wake on the embedded engine, in a fresh container: time until the last start, calls to Modal.

Counted is all that is called meanwhile, by the dispatcher and by the client that woke it.

The times of the starts are those at which the engine took them, from the moment at which it took
the wake's own call: the start of the container and of Python in it are included.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.end_to_end import silent
from tests.end_to_end.project import Project
from tests.engine_fixture import until

SIZES: Final = ((1, 1), (200, 200), (10_000, 100))
"""Schedules, and how many of them are due at once."""
OF_CONTAINERS: Final = frozenset(
    {"ContainerHeartbeat", "ContainerHello", "FunctionGetInputs", "FunctionPutOutputs"}
)
"""What containers call by themselves."""
PATIENCE: Final = 60.0


def measure(schedules: int, due: int) -> None:
    """Apply so many schedules, wake for those that are due, and print what it took."""
    with tempfile.TemporaryDirectory() as folder:
        project = Project.create(Path(folder))
        try:
            project.engine.modal("deploy", silent.__file__)
            project.write("all.yaml", "---\n".join(_manifest(n, n < due) for n in range(schedules)))
            project.applied()
            wake(project, "2026-11-30T09:00Z")
            until(lambda: not project.engine.status()["container_pids"], PATIENCE)
            project.engine.forget_calls()
            whole = wake(project, "2026-12-01T09:00Z")
            calls = project.engine.calls()
            starts = starts_of_last_wake(project.engine.state / "engine.db")
        finally:
            project.engine.stop()
    assert len(starts) == due, f"{len(starts)} started instead of {due}"
    looks = calls.pop("FunctionGetOutputs")
    own = sum(count for name, count in calls.items() if name not in OF_CONTAINERS)
    print(f"{due:,} due of {schedules:,} schedules, in a fresh container")
    print(f"  {'first start':34}{starts[0] * 1000:8.0f} ms after the wake was called")
    print(f"  {'last start':34}{starts[-1] * 1000:8.0f} ms")
    print(f"  {'the whole wake':34}{whole * 1000:8.0f} ms, with a look at {due:,} earlier runs")
    print(f"  {'calls to Modal':34}{own:8}    {own / due:.2f} per occurrence")
    print(f"  {'looks at earlier runs':34}{looks:8}    {looks / due:.2f} per run")


def wake(project: Project, at: str) -> float:
    """Wake as if at this time; returns the seconds that the call took."""
    return float(project.in_modal(_WAKE.format(at=at)))


def starts_of_last_wake(database: Path) -> Sequence[float]:
    """The seconds from the last wake's call to each of its starts, from the engine's records."""
    connection = sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)
    try:
        rows = connection.execute(
            "SELECT functions.name, calls.created FROM calls"
            " JOIN functions ON functions.id = calls.function ORDER BY calls.created"
        ).fetchall()
    finally:
        connection.close()
    called = max(created for name, created in rows if name == "on_demand")
    return [created - called for name, created in rows if name == "nothing" and created > called]


def _manifest(number: int, due: bool) -> str:
    others = f"{1 + number % 59} {number // 59 % 24} * * {number // 1416 % 7}"
    return (
        f'name: s{number:06}\nschedule: "{"0 9 * * *" if due else others}"\n'
        'function: silent/nothing\nargs: {occurrence: "${occurrence.id}"}\n'
    )


_WAKE: Final = """
import time
import modal
wake = modal.Function.from_name("schedule-reconciler", "on_demand")
wake.hydrate()
began = time.perf_counter()
wake.remote(as_if="{at}")
answer = time.perf_counter() - began
"""


def main() -> None:
    """Each size on an engine of its own."""
    for schedules, due in SIZES:
        measure(schedules, due)


if __name__ == "__main__":
    main()
