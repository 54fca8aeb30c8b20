"""Questions about the history: ``python -m benchmarks.queries [COUNT [DAYS …]]``.

COUNT hourly schedules (2,000) with DAYS of history (7 and 90), as wakes leave it: all days before
yesterday compacted, each day but today with a summary. Each figure is a fresh process, start-up and
imports included: the best of three. The floor is a fresh process in which Modal's client reads the
newest runs file. A row misses its target when it takes longer, or more memory.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from benchmarks.processes import Measured, measure_command
from benchmarks.reconcile import APP, RECONCILE, environment
from reconciler.cron import instant, minute
from reconciler.model.cursor import CURSOR_KEY, Cursor
from reconciler.model.day_summary import summarise
from reconciler.model.runs_file import RunRecord, RunState, WakeLog, format_time, summary_path
from tests.engine_fixture import RunningEngine

COUNT = 2_000
DAYS = (7, 90)
WRITE = "--write"
MANIFEST = """\
name: job-{number}
schedule: "0 * * * *"
function: analytics/daily_sync
args: {{window: 24h, shard: {number}}}
owner: data
"""
FLOOR = """
import modal
volume = modal.Volume.from_name("schedule-reconciler")
print(sum(map(len, volume.read_file({path!r}))))
"""


class Row(NamedTuple):
    """A command, and the seconds and MiB that it may take."""

    arguments: tuple[str, ...]
    seconds: float
    mebibytes: float = 150


def main() -> None:
    """Measure every length of history."""
    if sys.argv[1:2] == [WRITE]:
        print(write_history(*map(int, sys.argv[2:])))
        return
    numbers = [int(argument) for argument in sys.argv[1:]]
    count, days = (numbers or [COUNT])[0], numbers[1:] or list(DAYS)
    print(
        f"{'days':>5}  {'what':<34}{'time':>9}{'target':>9}{'floor':>9}{'ratio':>9}{'memory':>11}"
        f"{'calls':>7}"
    )
    for length in days:
        with tempfile.TemporaryDirectory() as folder:
            measure(count, length, Path(folder))


def measure(count: int, days: int, project: Path) -> None:
    """Print the rows of one length."""
    (project / "schedules").mkdir()
    for number in range(count):
        (project / "schedules" / f"job-{number}.yaml").write_text(MANIFEST.format(number=number))
    options = ("--firing", "request")
    engine = RunningEngine(project / ".reconciler" / "engine", options).start()
    try:
        (project / "app.py").write_text(APP)
        engine.modal("deploy", str(project / "app.py"))
        measure_command([*RECONCILE, "--yes"], project, environment(), rounds=1)
        variables = {**environment(), **engine.record.variables}
        # In its own process: what this one holds counts as memory of those that it starts.
        writing = [sys.executable, "-m", "benchmarks.queries", WRITE, str(count), str(days)]
        written = subprocess.run(writing, env=variables, check=True, capture_output=True, text=True)
        newest = written.stdout.strip()
        floor = measure_command(
            [sys.executable, "-c", FLOOR.format(path=newest)], project, variables
        )
        now = datetime.now(UTC).replace(minute=0)
        for row in (
            Row(("status",), 1.0 if days <= 7 else 1.2),
            Row(("runs",), 1.0),
            Row(("runs", "job-7"), 1.0),
            Row(("explain", "job-7", f"{now - timedelta(hours=5):%Y-%m-%dT%H:%MZ}"), 1.0),
            Row(("explain", "job-7", f"{now - timedelta(days=days - 2):%Y-%m-%dT%H:%MZ}"), 1.0),
        ):
            engine.forget_calls()
            measured = measure_command([*RECONCILE, *row.arguments], project, environment())
            show(days, row, measured, floor, sum(engine.calls().values()) // 3)
    finally:
        engine.stop()


def write_history(count: int, days: int) -> str:
    """Put it on the Volume; returns the path of the newest file."""
    import modal

    volume = modal.Volume.from_name("schedule-reconciler")
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    newest = ""
    now = minute(datetime.now(UTC).replace(minute=0))
    cursor = Cursor(through=now, number=1, wakes={"poller": format_time(instant(now))}, id="a")
    entries = modal.Dict.from_name("schedule-reconciler", create_if_missing=True)
    entries[CURSOR_KEY] = cursor.to_json()
    for age in reversed(range(days)):
        day = today - timedelta(days=age)
        logs = list(wakes(count, day))
        files = {log.path: log.encode() for log in logs}
        newest = max(files, default=newest)
        name = f"{day:%Y-%m-%d}"
        if age > 1:
            files = {f"runs/{name}/compacted.jsonl": b"".join(files.values())}
        if age > 0:
            sizes = {path.split("/")[2]: len(content) for path, content in files.items()}
            files[summary_path(name)] = summarise(name, sizes, logs).encode()
        with volume.batch_upload(force=True) as batch:
            for path, content in files.items():
                batch.put_file(io.BytesIO(content), path)
    return newest


def wakes(count: int, day: datetime) -> Iterator[WakeLog]:
    """A wake each hour: it writes down how the runs of the hour before ended, and starts all."""
    for hour in range(24):
        at = day + timedelta(hours=hour, seconds=2)
        if at > datetime.now(UTC):
            return
        seen, due = format_time(at), minute(at)
        lines = [
            RunRecord(
                name=f"job-{number}",
                times=(due - 60,),
                state=RunState.SUCCEEDED,
                at=seen,
                call=f"fc-{number:06}-{due - 60}",
            )
            for number in range(count)
        ]
        lines += [
            RunRecord(
                name=f"job-{number}",
                times=(due,),
                state=RunState.STARTED,
                at=seen,
                call=f"fc-{number:06}-{due}",
            )
            for number in range(count)
        ]
        yield WakeLog(
            wake=f"fc-wake-{due}",
            slot="poller",
            started=seen,
            now=due,
            generation="0" * 64,
            through=due,
            pending={},
            records=tuple(lines),
            execution=f"{due:032x}",
        )


def show(days: int, row: Row, measured: Measured, floor: Measured, calls: int) -> None:
    """Print one row."""
    missed = measured.seconds > row.seconds or measured.mebibytes > row.mebibytes
    print(
        f"{days:>5}  {' '.join(row.arguments):<34}{measured.seconds:>7.2f} s{row.seconds:>7.1f} s"
        f"{floor.seconds:>7.2f} s{measured.seconds / floor.seconds:>7.1f} x"
        f"{measured.mebibytes:>7.0f} MiB{calls:>7}{'  missed' if missed else ''}",
        flush=True,
    )


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(str(error))
