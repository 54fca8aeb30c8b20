"""A wake on the embedded engine in a fresh container, beside a function that only makes the calls.

The floor is ``bare_app``: deployed like the dispatcher, it makes the same claims, spawns and looks
at the runs before, and nothing else; with none it is a fresh spawn. Both are called alternately,
and timed by the client from the call to its answer. Counted are the dispatcher's calls.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.rows import Row, run
from reconciler.dispatch.adapters.at_once import AT_ONCE
from tests.end_to_end.project import Project
from tests.engine_fixture import until

OF_CONTAINERS: Final = frozenset(
    {"ContainerHeartbeat", "ContainerHello", "FunctionGetInputs", "FunctionPutOutputs"}
)
"""What containers call by themselves."""
LOOKS: Final = "FunctionGetOutputs"
"""Asks how an earlier run has ended."""
APPS: Final = (
    Path(__file__).parents[1] / "tests" / "end_to_end" / "silent.py",
    Path(__file__).with_name("bare_app.py"),
)
PATIENCE: Final = 60.0
ROUNDS: Final = 5
CRONS: Final = 5
"""Up to so many schedules have a slot each, with their name."""


class Size(NamedTuple):
    """Schedules, and how many of them are due at once.

    Attributes:
        ratio: what the wake may take, as a multiple of the floor.
        calls: what it may call for each occurrence that is due.
    """

    schedules: int
    due: int
    ratio: float
    calls: float


SIZES: Final = (Size(1, 1, 2.2, 10), Size(200, 200, 1.2, 2.2), Size(1_000, 1_000, 1.2, 2.2))
MANY: Final = Size(10_000, 100, 1.2, 2.2)


def rows() -> Iterator[Row]:
    """Time and calls at each size, each on an engine of its own."""
    for size in (*SIZES, MANY):
        with tempfile.TemporaryDirectory() as folder:
            yield from of_size(size, Path(folder))


def of_size(size: Size, folder: Path) -> Iterator[Row]:
    """Wake for those that are due again and again, with the floor in between."""
    project = Project.create(folder)
    try:
        for app in APPS:
            project.engine.modal("deploy", str(app))
        manifests = [_manifest(number, due=number < size.due) for number in range(size.schedules)]
        project.write("all.yaml", "---\n".join(manifests))
        project.applied()
        # A schedule counts from the minute after it was applied.
        applied = int(time.time()) // 60
        until(lambda: int(time.time()) // 60 > applied, 2 * PATIENCE)
        slot = "poller" if size.schedules > CRONS else "s000000"
        wakes, floors, calls = [], [], 0
        before: object = []
        for number in range(ROUNDS + 1):
            settle(project)
            project.in_modal(_DUE_AGAIN)
            project.engine.forget_calls()
            took, log = call(project, "schedule-reconciler", slot)
            assert str(log).count('"state":"started"') == size.due, log
            wakes.append(took)
            calls = own_calls(project, slot)
            settle(project)
            spawns = size.due if size.due > 1 else 0
            given = {"key": str(number), "count": spawns, "at_once": AT_ONCE, "before": before}
            took, before = call(project, "bare", "start", **given)
            floors.append(took)
    finally:
        project.engine.stop()
    what = f"wake, {size.due:,} due of {size.schedules:,}"
    beside = f"a function that claims and spawns {size.due:,}" if size.due > 1 else "a fresh spawn"
    yield Row(
        what,
        min(wakes[1:]) * 1000,
        "ms",
        beside,
        min(floors[1:]) * 1000,
        ratio_at_most=size.ratio,
    )
    least = 2 * size.due if size.due > 1 else 1
    yield Row(
        f"{what}, calls",
        calls,
        "",
        "claims and spawns" if size.due > 1 else "a spawn",
        least,
        at_most=size.calls * size.due,
    )


def settle(project: Project) -> None:
    """Wait until no container is left."""
    until(lambda: not project.engine.status()["container_pids"], PATIENCE)


def own_calls(project: Project, slot: str) -> int:
    """The dispatcher's calls, but for those that every container makes and the looks at runs."""
    made = [method for method, function in project.engine.trace() if function == slot]
    return sum(method not in OF_CONTAINERS and method != LOOKS for method in made)


def call(project: Project, app: str, function: str, **given: object) -> tuple[float, object]:
    """The seconds that a call takes, of a client that has looked up the function; its result."""
    took, result = project.in_modal(_CALL.format(app=app, function=function, given=given))
    return float(took), result


def _manifest(number: int, *, due: bool) -> str:
    others = f"{number % 60} {number // 60 % 24} 29 2 *"
    return (
        f'name: s{number:06}\nschedule: "{"* * * * *" if due else others}"\n'
        'function: silent/nothing\nargs: {occurrence: "${occurrence.id}"}\n'
    )


_DUE_AGAIN: Final = """
# The minute that has begun is due, and nothing is claimed. The day's chores are done.
import modal, time
from dataclasses import replace
from reconciler.cron import instant
from reconciler.model.cursor import CURSOR_KEY, Cursor, cursor_of
entries = modal.Dict.from_name("schedule-reconciler", create_if_missing=True)
now = int(time.time()) // 60
today = instant(now).date().isoformat()
cursor = cursor_of(entries.get(CURSOR_KEY)) or Cursor()
cursor = replace(cursor, through=now - 1, reached=now - 1, pending={}, tidied=today)
entries.clear()
entries[CURSOR_KEY] = cursor.to_json()
answer = now
"""
_CALL: Final = """
import modal, time
function = modal.Function.from_name("{app}", "{function}")
function.hydrate()
began = time.perf_counter()
result = function.remote(**{given})
answer = [time.perf_counter() - began, result]
"""


if __name__ == "__main__":
    run(rows)
