"""Questions about the history, beside reading its newest file.

2,000 hourly schedules with 7 and 90 days of history, as wakes leave it: all days before yesterday
compacted, each day but today with a summary. The floor is a process in which Modal's client reads
the newest runs file: start-up, the client's import and one file are in every answer.
"""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from benchmarks.processes import Command, measure, output_of
from benchmarks.project import apply, reconcile, start_engine, variables, write_manifests
from benchmarks.rows import Row, run
from reconciler.cron import instant, minute
from reconciler.model.cursor import CURSOR_KEY, Cursor
from reconciler.model.day_summary import summarise
from reconciler.model.runs_file import RunRecord, RunState, WakeLog, format_time, summary_path

COUNT: Final = 2_000
DAYS: Final = (7, 90)
MEBIBYTES: Final = 150
WRITE: Final = "--write"
MANIFEST: Final = """\
name: job-{number}
schedule: "0 * * * *"
function: analytics/daily_sync
args: {{window: 24h, shard: {number}}}
owner: data
"""
FLOOR: Final = """
import modal
volume = modal.Volume.from_name("schedule-reconciler")
print(sum(map(len, volume.read_file({path!r}))))
"""


def rows() -> Iterator[Row]:
    """Each question at each length of history."""
    for days in DAYS:
        with tempfile.TemporaryDirectory() as folder:
            yield from of_length(days, Path(folder))


def of_length(days: int, project: Path) -> Iterator[Row]:
    """Each question at one length."""
    write_manifests(project, [MANIFEST.format(number=number) for number in range(COUNT)])
    engine = start_engine(project, "--firing", "request")
    try:
        apply(project)
        # In its own process: what this one holds counts as memory of those that it starts.
        writing = (sys.executable, "-m", "benchmarks.queries", WRITE, str(COUNT), str(days))
        newest = output_of(Command(writing, env=variables(engine))).strip()
        floor = (sys.executable, "-c", FLOOR.format(path=newest))
        now = datetime.now(UTC).replace(minute=0)
        recent, old = (
            f"{now - ago:%Y-%m-%dT%H:%MZ}" for ago in (timedelta(hours=5), timedelta(days=days - 2))
        )
        questions: dict[tuple[str, ...], float] = {
            ("status",): 1.0 if days <= 7 else 1.2,
            ("runs",): 1.0,
            ("runs", "job-7"): 1.0,
            ("explain", "job-7", recent): 1.0,
            ("explain", "job-7", old): 1.0,
        }
        commands = [reconcile(project, *arguments) for arguments in questions]
        *measured, least = measure(*commands, Command(floor, project, variables(engine)))
        for (arguments, seconds), one in zip(questions.items(), measured, strict=True):
            yield Row(
                f"{' '.join(arguments)}, {COUNT:,} x {days} d",
                one.seconds,
                "s",
                "Modal's client reads the newest runs file",
                least.seconds,
                at_most=seconds,
                mebibytes=one.mebibytes,
                mebibytes_at_most=MEBIBYTES,
            )
    finally:
        engine.stop()


def write_history(count: int, days: int, every: int = 60) -> str:
    """Put it on the Volume; returns the path of the newest file.

    Args:
        every: minutes from a wake to the next, each of which starts all schedules.
    """
    import modal

    volume = modal.Volume.from_name("schedule-reconciler")
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    newest = ""
    now = minute(datetime.now(UTC))
    now -= now % every
    cursor = Cursor(through=now, number=1, wakes={"poller": format_time(instant(now))}, id="a")
    entries = modal.Dict.from_name("schedule-reconciler", create_if_missing=True)
    entries[CURSOR_KEY] = cursor.to_json()
    for age in reversed(range(days)):
        day = today - timedelta(days=age)
        logs = list(wakes(count, day, every))
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


def wakes(count: int, day: datetime, every: int = 60) -> Iterator[WakeLog]:
    """Each wake writes down how the runs that the one before started have ended, and starts all."""
    for since in range(0, 24 * 60, every):
        at = day + timedelta(minutes=since, seconds=2)
        if at > datetime.now(UTC):
            return
        seen, due = format_time(at), minute(at)
        lines = [
            RunRecord(
                name=f"job-{number}",
                times=(due - every,),
                state=RunState.SUCCEEDED,
                at=seen,
                call=f"fc-{number:06}-{due - every}",
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


if __name__ == "__main__":
    if sys.argv[1:2] == [WRITE]:
        print(write_history(*map(int, sys.argv[2:])))
    else:
        run(rows)
