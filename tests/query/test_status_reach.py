"""How far back the status looks for the last run of a schedule."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from reconciler.cron import instant, minute
from reconciler.deploy.fakes import FakeFiles
from reconciler.model.generation import Generation, new_generation
from reconciler.model.runs_file import RunRecord, RunState, WakeLog, format_time
from reconciler.query.live_runs import newest_runs
from reconciler.query.newest_first import FILES, RunHistory
from tests.dispatch.scenario import at, hourly

NOW = "2026-11-20T15:30"
LONG_AGO = "2026-01-01T00:00"
WEEK = "2026-11-14"
"""The oldest of the days that are read for a schedule without a run."""


@dataclass
class ReadFiles(FakeFiles):
    """Remembers which files were read."""

    asked: list[str] = field(default_factory=list)

    async def read(self, path: str) -> bytes | None:
        self.asked.append(path)
        return await super().read(path)

    def reached(self, day: str) -> bool:
        """Whether the files back to this day were read, and no more than one step beyond."""
        needed = {path for path in self.files if path.split("/")[1] >= day}
        return needed <= set(self.asked) and len(self.asked) <= len(needed) + FILES


def wake_log(name: str, time: str, state: RunState) -> WakeLog:
    line = RunRecord(name=name, times=(minute(at(time)),), state=state, at=format_time(at(time)))
    return WakeLog(
        wake=f"fc-{name}-{time}",
        slot="poller",
        started=line.at,
        now=line.times[0],
        generation="0" * 64,
        through=line.times[0],
        pending={},
        records=(line,),
    )


def live_with(*logs: WakeLog, **values: Any) -> tuple[Generation, ReadFiles]:
    """One that ran at nine on each of the last 100 days beside what is given."""
    days = (at(NOW) - timedelta(days=day) for day in range(100))
    often = [wake_log("daily", f"{day:%Y-%m-%d}T09:00", RunState.STARTED) for day in days]
    ended = [
        replace(
            log,
            wake=f"{log.wake}-ended",
            records=tuple(replace(one, state=RunState.SUCCEEDED) for one in log.records),
        )
        for log in often
    ]
    files = ReadFiles()
    files.files.update({log.path: log.encode() for log in (*often, *ended, *logs)})
    rare = hourly("rare", LONG_AGO, **{"when": ("0 9 1 * *",), **values})
    return new_generation([hourly("daily", LONG_AGO, when=("0 9 * * *",)), rare], [], 300), files


def shown(generation: Generation, files: ReadFiles, name: str = "rare") -> list[str]:
    known = asyncio.run(newest_runs(RunHistory(files), generation, minute(at(NOW))))
    assert any(run.occurrence.name == "daily" for run in known.ordered)
    return [
        f"{instant(run.occurrence.at):%m-%d} {run.state}"
        for run in known.ordered
        if run.occurrence.name == name
    ]


def test_no_file_is_read_beyond_those_that_answer() -> None:
    generation, files = live_with()
    daily = new_generation(generation.records[:1], [], 300)
    assert shown(daily, files, "daily")[-1] == "11-20 succeeded"
    assert files.reached("2026-11-20")


def test_the_last_run_of_a_monthly_schedule_is_found_and_nothing_else_is_read_for_it() -> None:
    live, files = live_with(
        wake_log("rare", "2026-10-01T09:00", RunState.SUCCEEDED),
        wake_log("rare", "2026-11-01T09:00", RunState.FAILED),
    )
    assert shown(live, files) == ["11-01 failed"]
    assert files.reached("2026-11-01")


def test_it_is_found_under_the_name_that_it_had() -> None:
    then = minute(at("2026-11-10T00:00"))
    live, files = live_with(
        wake_log("seldom", "2026-11-01T09:00", RunState.FAILED), formerly=(("seldom", then),)
    )
    assert shown(live, files, "seldom") == ["11-01 failed"]


def test_before_what_was_excluded_lies_the_time_that_is_looked_for() -> None:
    live, files = live_with(
        wake_log("rare", "2026-10-01T09:00", RunState.FAILED), exclude=("2026-11-01",)
    )
    assert shown(live, files) == ["10-01 failed"]
    assert files.reached("2026-10-01")


@pytest.mark.parametrize(
    "values",
    [
        {"when": ("0 9 1 1 *",)},
        {"suspended": ""},
        {"suspended": "", "resumes": minute(at("2026-11-15T00:00"))},
        {"start": minute(at("2026-11-02T00:00"))},
        {"end": minute(at("2026-08-01T00:00"))},
        {"when": (), "at": minute(at("2026-11-21T09:00"))},
        {"exclude": ("* * * * *",)},
    ],
)
def test_what_should_not_have_run_within_the_history_is_not_looked_for(
    values: dict[str, Any],
) -> None:
    live, files = live_with(**values)
    assert shown(live, files) == []
    assert files.reached(WEEK)


def test_what_is_younger_is_not_looked_for() -> None:
    live, files = live_with()
    young = [replace(record, anchor=minute(at("2026-11-19T00:00"))) for record in live.records]
    live = new_generation(young, [], 300)
    assert shown(live, files) == []
    assert files.reached(WEEK)
