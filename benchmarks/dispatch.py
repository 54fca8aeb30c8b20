"""Deciding what is due, beside the usual poller, APScheduler and Celery beat; import cost.

``fresh``: a process that has decided nothing yet reads the generation's file, checks its digest and
decides, as a container does that was just started. ``warm``: the same container decides again. Two
samples: schedules that share their times, and none that do, in eight zones. Processor time, so that
what else runs on the machine does not count; nothing here waits.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Final

from benchmarks.dispatch_peers import (
    apscheduler_look,
    celery_look,
    usual_poller,
    write_task_files,
)
from benchmarks.dispatch_sample import NOW, SAMPLES
from reconciler.model.stored_generation import decode_generation

SIZES: Final = (10_000, 100_000)
PEERS_UP_TO: Final = 10_000
"""Schedules beyond which APScheduler and Celery beat are not asked."""
ROUNDS: Final = 5

_FRESH: Final = """
import sys, time
from pathlib import Path
import modal
import reconciler.dispatch.wake.entrypoint
from reconciler.model.cursor import Horizon
from reconciler.dispatch.decide.due import find_due
from reconciler.dispatch.adapters.volume_files import verified_generation
path, digest, now = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
began = time.process_time()
generation = verified_generation(path.read_bytes(), digest)
read = time.process_time()
due = find_due(generation, Horizon(now - 1), now)
decided = time.process_time()
find_due(generation, Horizon(now - 1), now)
warm = time.process_time()
# Not ru_maxrss, which counts what the parent held when it forked.
(peak,) = (line for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line)
memory = int(peak.split()[1]) / 1024
print(read - began, decided - read, warm - decided, memory, sum(len(one.start) for one in due))
"""


def measure(sample: str, count: int) -> None:
    """One sample of one size: we and the others, one after the other."""
    generation = SAMPLES[sample](count)
    now = int(NOW.timestamp()) // 60
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "generation.jsonl"
        path.write_bytes(generation.encoded)
        command = [sys.executable, "-c", _FRESH, str(path), generation.digest, str(now)]
        read, decide, warm, memory, due = min(
            (_floats(command) for _ in range(ROUNDS)), key=lambda run: run[0] + run[1]
        )
    fresh = read + decide
    print(f"{count:,} schedules, {sample}: {due:.0f} due; {memory:.0f} MiB with the client")
    print(f"  {'fresh: reading and checking':34}{read * 1000:10.1f} ms")
    print(f"  {'fresh: deciding':34}{decide * 1000:10.1f} ms")
    print(f"  {'fresh: both':34}{fresh * 1000:10.1f} ms")
    print(f"  {'warm: deciding':34}{warm * 1000:10.1f} ms")
    records = decode_generation(generation.encoded, "benchmark").records
    with tempfile.TemporaryDirectory() as folder:
        write_task_files(records, Path(folder), NOW - timedelta(minutes=1))
        _against(
            "usual poller (files, croniter)", lambda: usual_poller(Path(folder), NOW), fresh, warm
        )
    if count <= PEERS_UP_TO:
        _against("APScheduler 3, jobs in memory", apscheduler_look(records, NOW), fresh, warm)
        _against("Celery beat, jobs in memory", celery_look(records), fresh, warm)


def _floats(command: list[str]) -> tuple[float, ...]:
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return tuple(map(float, done.stdout.split()))


def _against(name: str, look: Callable[[], object], fresh: float, warm: float) -> None:
    began = time.process_time()
    look()
    took = time.process_time() - began
    print(
        f"  {name:34}{took * 1000:10.1f} ms  {took / fresh:.0f} times fresh, {took / warm:.0f} warm"
    )


def import_cost() -> None:
    """What our module adds to ``import modal``, with and without compiled files beside it."""
    for how, before in (("compiled", "pass"), ("not compiled", _NOT_COMPILED)):
        cost = min(_floats([sys.executable, "-c", _IMPORT.format(before)])[0] for _ in range(9))
        print(f"import, {how}: the dispatcher adds {cost * 1000:.0f} ms to modal")


_NOT_COMPILED: Final = "sys.pycache_prefix = '/nowhere'; sys.dont_write_bytecode = True"
_IMPORT: Final = """
import sys, time, modal
{}
began = time.process_time()
import reconciler.dispatch.wake.entrypoint
print(time.process_time() - began)
"""


def main() -> None:
    """Each size in a process of its own, so that memory is its own."""
    if len(sys.argv) > 1:
        measure(sys.argv[1], int(sys.argv[2]))
        return
    for count in SIZES:
        for sample in SAMPLES:
            arguments = ["-m", "benchmarks.dispatch", sample, str(count)]
            subprocess.run([sys.executable, *arguments], check=True)
    import_cost()


if __name__ == "__main__":
    main()
