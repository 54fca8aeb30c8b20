"""Deciding what is due, beside the usual poller, APScheduler and Celery beat; import cost.

*Fresh*: a process that has decided nothing yet reads the generation's file, checks its digest and
decides, as a container does that was just started; a peer reads or builds its schedules and finds
what is due. *Warm*: the same again. Two samples: schedules that share their times, and none that
do, in eight zones. Processor time; nothing here waits.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from benchmarks.dispatch_peers import Look, apscheduler, celery_beat, usual_poller, write_task_files
from benchmarks.dispatch_sample import NOW, SAMPLES
from benchmarks.rows import Row, run
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.model.stored_generation import decode_generation

T = TypeVar("T")

SIZES: Final = (10_000, 100_000)
PEERS_UP_TO: Final = 10_000
"""Schedules beyond which APScheduler and Celery beat are not asked."""
ROUNDS: Final = 5
MEBIBYTES: Final = 150

_FRESH: Final = """
import sys, time
from pathlib import Path
import modal
import reconciler.dispatch.wake.entrypoint
from reconciler.model.cursor import Lookback
from reconciler.dispatch.decide.due import find_due
from reconciler.dispatch.adapters.volume_files import verified_generation
path, digest, now = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
began = time.process_time()
generation = verified_generation(path.read_bytes(), digest)
read = time.process_time()
due = find_due(generation, Lookback(now - 1), now)
decided = time.process_time()
find_due(generation, Lookback(now - 1), now)
warm = time.process_time()
# Not ru_maxrss, which counts what the parent held when it forked.
(peak,) = (line for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line)
memory = int(peak.split()[1]) / 1024
print(read - began, decided - read, warm - decided, memory, sum(len(one.start) for one in due))
"""


def rows() -> Iterator[Row]:
    """Each sample at each size, then imports."""
    for count in SIZES:
        for sample in SAMPLES:
            yield from of_sample(sample, count)
    yield from imports()


def of_sample(sample: str, count: int) -> Iterator[Row]:
    """Fresh and warm beside each peer."""
    generation = SAMPLES[sample](count)
    records = decode_generation(generation.encoded, "benchmark").records
    now = int(NOW.timestamp()) // 60
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "generation.jsonl"
        path.write_bytes(generation.encoded)
        command = [sys.executable, "-c", _FRESH, str(path), generation.digest, str(now)]
        read, decide, warm, memory, due = min(
            (_floats(command) for _ in range(ROUNDS)), key=lambda run: run[0] + run[1]
        )
    what = f"{due:,.0f} due of {count:,}, {sample}"
    for peer, start in _peers(records).items():
        with tempfile.TemporaryDirectory() as folder:
            write_task_files(records, Path(folder), NOW - timedelta(minutes=1))
            starting, look = _timed(partial(start, Path(folder)))
            first, found = _timed(look)
            again, _ = _timed(look)
        assert found == due, f"{peer} finds {found} due instead of {due}"
        fresh, theirs = (read + decide) * 1000, (starting + first) * 1000
        yield Row(
            f"fresh: {what}",
            fresh,
            "ms",
            peer,
            theirs,
            ratio_at_most=0.1,
            mebibytes=memory,
            mebibytes_at_most=MEBIBYTES,
        )
        yield Row(f"warm: {what}", warm * 1000, "ms", peer, again * 1000, ratio_at_most=1.0)


def _peers(records: Sequence[ScheduleRecord]) -> dict[str, Callable[[Path], Look]]:
    """How each starts: in a folder of task files, it returns its look at what is due."""
    poller: dict[str, Callable[[Path], Look]] = {
        "usual poller (files, croniter)": lambda folder: partial(usual_poller, folder, NOW)
    }
    if len(records) > PEERS_UP_TO:
        return poller
    return poller | {
        "APScheduler 3, jobs in memory": lambda _: apscheduler(records, NOW),
        "Celery beat, jobs in memory": lambda _: celery_beat(records, NOW),
    }


def _floats(command: list[str]) -> tuple[float, ...]:
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return tuple(map(float, done.stdout.split()))


def _timed(work: Callable[[], T]) -> tuple[float, T]:
    begun = time.process_time()
    result = work()
    return time.process_time() - begun, result


def imports() -> Iterator[Row]:
    """Our module's import beside that of Modal's client, with and without compiled files."""
    for how, before in (("compiled", "pass"), ("not compiled", _NOT_COMPILED)):
        command = [sys.executable, "-c", _IMPORT.format(before)]
        measured = zip(*(_floats(command) for _ in range(9)), strict=True)
        modal, ours = map(min, measured)
        what = f"importing the dispatcher, {how}"
        yield Row(what, ours * 1000, "ms", "import modal", modal * 1000, ratio_at_most=0.35)


_NOT_COMPILED: Final = "sys.pycache_prefix = '/nowhere'; sys.dont_write_bytecode = True"
_IMPORT: Final = """
import sys, time
{}
began = time.process_time()
import modal
there = time.process_time()
import reconciler.dispatch.wake.entrypoint
print(there - began, time.process_time() - there)
"""


if __name__ == "__main__":
    run(rows)
