"""The embedded engine, beside what the same work takes without it or at the least.

The official client, unmodified, in this process. A container's floor is the interpreter that it
would be without a zygote: the same call of a function whose environment forces a fresh one. A
deploy's and a warm call's floor is as many of the smallest calls that the protocol has.
"""

from __future__ import annotations

import importlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

from benchmarks.rows import Row, run
from tests.engine_fixture import RunningEngine

REPEAT: Final = 9
WARM: Final = 200
SMALLEST: Final = "a ping of the same protocol, as often as that calls"
FRESH: Final = "a fresh interpreter instead of a fork"

MODULE: Final = """
import modal
app = modal.App("bench")
fresh = modal.Image.debian_slim().env({"PYTHONHASHSEED": "0"})
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
CLIENT: Final = "import modal, time; print('ready', flush=True); time.sleep(60)"
"""The floor of memory: a process that has imported Modal's client."""


def rows() -> Iterator[Row]:
    """Start, deploys, calls, memory."""
    with tempfile.TemporaryDirectory() as folder:
        engine = RunningEngine(Path(folder) / "state", ("--crons", "unlimited"))
        yield start(engine)
        engine.start()
        os.environ.update(engine.record.variables)
        try:
            yield from deploys(engine, Path(folder))
            yield from calls(engine)
            yield from memory(engine)
        finally:
            engine.stop()


def start(engine: RunningEngine) -> Row:
    """Until the server accepts connections, beside the import of what it speaks with."""
    took = []
    for _ in range(REPEAT):
        took.append(_milliseconds(engine.start))
        engine.stop()
    imports = [sys.executable, "-c", "import grpclib.server, modal_proto.api_grpc"]
    floor = [_milliseconds(partial(subprocess.run, imports, check=True)) for _ in range(REPEAT)]
    beside = "importing grpclib and Modal's protocol"
    return _row("server accepts connections", took, beside, floor, 3)


def deploys(engine: RunningEngine, folder: Path) -> Iterator[Row]:
    """Of five functions, the first time and again."""
    (folder / "bench_app.py").write_text(MODULE)
    sys.path.insert(0, str(folder))
    app = importlib.import_module("bench_app").app
    app.deploy(name="warm-up")
    for how, options in (("first", {}), ("again", {"tag": "again"})):
        engine.forget_calls()
        took = [
            _milliseconds(partial(app.deploy, name=str(number), **options))
            for number in range(REPEAT)
        ]
        often = sum(engine.calls().values()) // REPEAT
        pinged = [_milliseconds(partial(_ping, often)) for _ in range(REPEAT)]
        yield _row(f"deploy of 5 functions, {how}, {often} calls", took, SMALLEST, pinged, 3)


def calls(engine: RunningEngine) -> Iterator[Row]:
    """Spawn to result, in a fresh container and in a warm one."""
    import modal

    took: dict[str, list[float]] = {"four": [], "five": [], "three": []}
    for number in range(REPEAT):
        for name, times in took.items():
            function = modal.Function.from_name(str(number), name).hydrate()
            times.append(_milliseconds(partial(_call, function)))
    yield _row("spawn to result, fresh container", took["four"], FRESH, took["three"], 0.5)
    yield _row("the same with a Volume", took["five"], FRESH, took["three"], 0.5)
    two = modal.Function.from_name("0", "two").hydrate()
    two.remote()
    engine.forget_calls()
    warm = [_milliseconds(partial(_call, two)) for _ in range(WARM)]
    often = round(sum(engine.calls().values()) / WARM)
    pinged = [_milliseconds(partial(_ping, often)) for _ in range(WARM)]
    yield _row(f"spawn to result, warm container, {often} calls", warm, SMALLEST, pinged, 3)


def memory(engine: RunningEngine) -> Iterator[Row]:
    """Of the server and of a container, beside a process with Modal's client."""
    with subprocess.Popen([sys.executable, "-c", CLIENT], stdout=subprocess.PIPE) as client:
        assert client.stdout is not None
        client.stdout.readline()
        floor = proportional(client.pid)
        client.kill()
    each = statistics.median(map(proportional, engine.status()["container_pids"]))
    for what, ours in (("server", proportional(engine.process.pid)), ("a container", each)):
        beside = "a process that imported Modal's client"
        yield Row(f"memory of {what}", ours, "MiB", beside, floor, ratio_at_most=1.5)


def _row(what: str, ours: list[float], beside: str, theirs: list[float], ratio: float) -> Row:
    """A row of medians, in milliseconds."""
    mine, other = statistics.median(ours), statistics.median(theirs)
    return Row(what, mine, "ms", beside, other, ratio_at_most=ratio)


def _call(function: Any) -> None:
    function.spawn().get()


def _ping(often: int) -> None:
    """The smallest call, one after the other: the number of entries of an empty Dict."""
    import modal

    entries = modal.Dict.from_name("pinged", create_if_missing=True)
    for _ in range(often):
        entries.len()


def _milliseconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - begun)


def proportional(pid: int) -> float:
    """MiB, pages shared with others counted in part (PSS)."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no Pss line")


if __name__ == "__main__":
    run(rows)
