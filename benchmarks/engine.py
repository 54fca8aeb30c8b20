"""How long the embedded engine takes: ``python -m benchmarks.engine``.

The official client, unmodified, in this process. "Target" is the slower end of what a plain server
without the zygote was measured at when the engine was planned; for a fresh container the same is
also measured here, by a function whose environment forces a fresh interpreter.
"""

from __future__ import annotations

import importlib
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tests.engine_fixture import RunningEngine

REPEAT = 9
WARM = 200

MODULE = """
import modal
app = modal.App("bench")
fresh = modal.Image.debian_slim().env({"PYTHONDONTWRITEBYTECODE": "1"})
shelf = modal.Volume.from_name("bench", create_if_missing=True)

@app.function(schedule=modal.Cron("0 6 * * *"), volumes={"/shelf": shelf})
def one(): return 1
@app.function(max_containers=1)
def two(): return 2
@app.function(image=fresh)
def three(): return 3
@app.function(schedule=modal.Cron("0 7 * * *"))
def four(): return 4
@app.function(volumes={"/shelf": shelf})
def five(): return 5
"""


@dataclass(frozen=True)
class Measured:
    """``target`` and ``value`` in the same unit; smaller is better."""

    what: str
    value: float
    target: float
    unit: str

    def __str__(self) -> str:
        ratio = self.target / self.value
        return f"{self.what:44} {self.value:8.1f} {self.unit:4} {self.target:8.1f} {ratio:7.1f}x"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "state") as start:
        print(f"{'':44} {'here':>8} {'':4} {'target':>8} {'ratio':>8}")
        for line in [*start, *deploys(Path(folder)), *calls()]:
            print(line)
        print(memory_lines(ENGINES[0]))


ENGINES: list[RunningEngine] = []


@contextmanager
def running(state: Path) -> Iterator[list[Measured]]:
    engine = RunningEngine(state, ("--crons", "unlimited"))
    took = []
    for _ in range(REPEAT):
        begun = time.perf_counter()
        engine.start()
        took.append(1000 * (time.perf_counter() - begun))
        engine.stop()
    engine.start()
    ENGINES.append(engine)
    os.environ.update(engine.record.variables)
    try:
        yield [Measured("server accepts connections", statistics.median(took), 300, "ms")]
    finally:
        engine.stop()


def deploys(folder: Path) -> list[Measured]:
    (folder / "bench_app.py").write_text(MODULE)
    sys.path.insert(0, str(folder))
    app = importlib.import_module("bench_app").app
    app.deploy(name="warm-up")
    names = [str(number) for number in range(REPEAT)]
    first = [timed(partial(app.deploy, name=name)) for name in names]
    again = [timed(partial(app.deploy, name=name, tag="again")) for name in names]
    return [
        Measured("deploy of 5 functions, first", statistics.median(first), 68, "ms"),
        Measured("deploy of 5 functions, again", statistics.median(again), 47, "ms"),
    ]


def calls() -> list[Measured]:
    import modal

    def fresh(name: str) -> float:
        took = []
        for number in range(REPEAT):
            function = modal.Function.from_name(str(number), name).hydrate()
            took.append(timed(partial(call, function)))
        return statistics.median(took)

    forked, interpreter = fresh("four"), fresh("three")
    mounted = fresh("five")
    two = modal.Function.from_name("0", "two").hydrate()
    two.remote()
    warm = statistics.median(timed(partial(call, two)) for _ in range(WARM))
    return [
        Measured("spawn to result, fresh container", forked, 540, "ms"),
        Measured("  with a Volume", mounted, 540, "ms"),
        Measured("  the same, measured: fresh interpreter", forked, interpreter, "ms"),
        Measured("spawn to result, warm container", warm, 7, "ms"),
    ]


def call(function: Any) -> None:
    function.spawn().get()


def timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - begun)


def memory_lines(engine: RunningEngine) -> str:
    pids = engine.status()["container_pids"]
    each = statistics.median(proportional(pid) for pid in pids)
    return "\n".join(
        str(line)
        for line in (
            Measured("memory of the server", proportional(engine.process.pid), 50, "MiB"),
            Measured(f"memory of each of {len(pids)} containers", each, 45, "MiB"),
        )
    )


def proportional(pid: int) -> float:
    """MiB, pages shared with others counted in part (PSS)."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no Pss line")


if __name__ == "__main__":
    main()
