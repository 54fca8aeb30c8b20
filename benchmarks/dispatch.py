"""Deciding what is due, beside the usual poller, APScheduler and Celery beat; import cost.

``fresh`` starts from the generation's bytes, as a cold container does; ``warm`` has them in memory.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from benchmarks.dispatch_peers import (
    apscheduler_look,
    celery_look,
    usual_poller,
    write_task_files,
)
from reconciler.cron import minute
from reconciler.dispatch.cursor import Horizon
from reconciler.dispatch.due import find_due
from reconciler.dispatch.generation import (
    Generation,
    Record,
    new_generation,
)
from reconciler.dispatch.stored_generation import open_generation

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def made(count: int) -> Generation:
    """One in a hundred is due at NOW; the others at any minute of some day."""
    random = Random(1)
    records = [
        Record(
            name=f"s{number:06}",
            app="shop",
            function="sync",
            anchor=minute(NOW) - 100_000,
            when=("0 9 * * *" if number % 100 == 0 else _other(random),),
            args={"number": number},
        )
        for number in range(count)
    ]
    return new_generation(records, (), 300)


def _other(random: Random) -> str:
    return f"{random.randrange(1, 60)} {random.randrange(24)} * * {random.choice('***1356')}"


def timed(job: Callable[[], object], repeat: int = 1) -> float:
    """Milliseconds, the best of several."""
    best = float("inf")
    for _ in range(repeat):
        began = time.perf_counter()
        job()
        best = min(best, time.perf_counter() - began)
    return best * 1000


def measure(count: int) -> None:
    """One size, all of them."""
    generation = made(count)
    content, horizon, now = generation.encoded, Horizon(minute(NOW) - 1), minute(NOW)
    del generation
    loaded = []
    fresh = timed(lambda: loaded.append(open_generation(content, "benchmark")))
    first = timed(lambda: find_due(loaded[0], horizon, now))
    warm = timed(lambda: find_due(loaded[0], horizon, now), 5)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    due = len(find_due(loaded[0], horizon, now))
    print(f"{count:,} schedules, {due} due; resident at most {memory:.0f} MiB")
    print(f"  {'reading the generation':34}{fresh:10.1f} ms")
    print(f"  {'deciding, first in a container':34}{first:10.1f} ms")
    print(f"  {'deciding, warm':34}{warm:10.1f} ms")
    records = loaded[0].records
    with tempfile.TemporaryDirectory() as folder:
        write_task_files(records, Path(folder), NOW - timedelta(minutes=1))
        usual = timed(lambda: usual_poller(Path(folder), NOW))
    print(f"  {'usual poller (files, croniter)':34}{usual:10.1f} ms", end="")
    print(f"  {usual / warm:.0f} times warm, {usual / (fresh + first):.1f} times fresh")
    if count <= 10_000:
        for name, look in (
            ("APScheduler 3", apscheduler_look(records, NOW)),
            ("Celery beat", celery_look(records)),
        ):
            peer = timed(look, 3)
            print(f"  {name + ', jobs in memory':34}{peer:10.1f} ms  {peer / warm:.1f} times warm")


def import_cost() -> None:
    """What our module adds to ``import modal``."""
    ours, modal = (_import_ms(name) for name in ("reconciler.dispatch.entrypoint", "modal"))
    print(f"import: modal {modal:.0f} ms, with the dispatcher {ours:.0f} ms (+{ours - modal:.0f})")


def _import_ms(module: str) -> float:
    code = f"import time; t = time.perf_counter(); import {module}; print(time.perf_counter() - t)"
    runs = (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        for _ in range(5)
    )
    return min(float(done.stdout) for done in runs) * 1000


def main() -> None:
    """Each size in a process of its own, so that memory is its own."""
    if len(sys.argv) > 1:
        measure(int(sys.argv[1]))
        return
    for count in (10_000, 100_000):
        subprocess.run([sys.executable, "-m", "benchmarks.dispatch", str(count)], check=True)
    import_cost()


if __name__ == "__main__":
    main()
