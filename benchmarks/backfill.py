"""Plan a backfill of 10,000 occurrences: read their history, decide about each, list them.

The floor decodes the same runs files, and does nothing else.
"""

from __future__ import annotations

import asyncio
import gc
import io
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from datetime import timedelta
from typing import Final

from benchmarks.rows import Row, run
from reconciler.cli.main import COLLECT
from reconciler.cron import instant
from reconciler.deploy.fakes import FakeApps, FakeFiles, FakeOutput
from reconciler.dispatch.adapters.in_memory import FakeCaller, FakeClaims, FakeClock
from reconciler.manifest.settings_file import parse_settings
from reconciler.model.backfill import Only
from reconciler.model.cursor import CURSOR_KEY, Cursor
from reconciler.model.generation import generation_path, new_generation
from reconciler.model.occurrence import parse_minute
from reconciler.model.pointer import POINTER_PATH, Pointer
from reconciler.model.runs_file import (
    RunRecord,
    RunState,
    WakeLog,
    decode_compacted,
    format_time,
)
from reconciler.model.schedule_record import ScheduleRecord
from reconciler.plan.backfill import BackfillRequest
from reconciler.query.backfill_plan import Planned, plan
from reconciler.query.ports import QueryPorts
from reconciler.render.backfills import plan_json, plan_text

COUNT: Final = 10_000
ROUNDS: Final = 3
FIRST: Final = parse_minute("2026-11-01T00:00Z")
NOW: Final = FIRST + COUNT + 60
PER_FILE: Final = 500
"""Lines of one wake's log."""


def rows() -> Iterator[Row]:
    """Seconds to plan and list, when half of the occurrences have failed."""
    gc.set_threshold(*COLLECT)  # as the command line does
    logs = list(_logs())
    content = b"".join(log.encode() for log in logs)
    ports = _ports(content)
    request = BackfillRequest(name="minutely", first=FIRST, until=FIRST + COUNT, only=Only.FAILED)
    settings = parse_settings(b"environments: {production: {modal: main}}").environment(
        "production"
    )

    def listed() -> None:
        planned: Planned = asyncio.run(plan(ports, settings, request, allow=COUNT))
        assert len(planned.plan.backfill.runs) == COUNT // 2
        with redirect_stdout(io.StringIO()):
            print(plan_text(planned.plan), plan_json(planned.plan))

    yield Row(
        f"plan and list a backfill of {COUNT:,} occurrences",
        _fastest(listed),
        "s",
        "decode their runs files",
        _fastest(lambda: decode_compacted(content, "x", {"minutely"}.__contains__)),
        at_most=1,
    )


def _logs() -> Iterator[WakeLog]:
    for first in range(FIRST, FIRST + COUNT, PER_FILE):
        started = format_time(instant(first + PER_FILE) + timedelta(seconds=3))
        states = (RunState.SUCCEEDED, RunState.FAILED)
        yield WakeLog(
            wake=f"fc-{first}",
            slot="minutely",
            started=started,
            now=first + PER_FILE,
            generation="a" * 64,
            through=first + PER_FILE,
            pending={},
            records=tuple(
                RunRecord(
                    name="minutely",
                    times=(at,),
                    state=states[at % 2],
                    at=started,
                    call=f"fc-{at}",
                    reason=None if at % 2 == 0 else "ValueError: no rows",
                )
                for at in range(first, first + PER_FILE)
            ),
        )


def _ports(history: bytes) -> QueryPorts:
    record = ScheduleRecord(
        name="minutely", app="shop", function="sync", anchor=FIRST - 1, when=("* * * * *",)
    )
    generation = new_generation([record], (), 300)
    pointer = Pointer(
        generation=generation.digest,
        commit=None,
        dirty=False,
        by="x",
        at=format_time(instant(NOW)),
        previous=None,
    )
    files = {
        POINTER_PATH: pointer.encode(),
        generation_path(generation.digest): generation.encoded,
        "runs/2026-11-07/compacted.jsonl": history,
    }
    claims = FakeClaims({CURSOR_KEY: Cursor(through=NOW).to_json()})
    return QueryPorts(
        apps=FakeApps(),
        files=FakeFiles(files),
        claims=claims,
        caller=FakeCaller(),
        output=FakeOutput(),
        tasks=None,
        clock=FakeClock(instant(NOW)),
    )


def _fastest(work: Callable[[], object]) -> float:
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return min(taken)


if __name__ == "__main__":
    run(rows)
