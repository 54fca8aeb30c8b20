"""How far back the status looks for the last run of a schedule."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from reconciler.cli.status import RUNS_DAYS, runs_to_show
from reconciler.cron import instant, minute
from reconciler.dispatch.adapters.in_memory import FakeRunLog
from reconciler.model.runs_file import ReadLogs, RunRecord, RunState, WakeLog, format_time
from tests.dispatch.scenario import World, at, hourly

NOW = "2026-11-20T15:30"
LONG_AGO = "2026-01-01T00:00"


@dataclass
class ReadRunLog(FakeRunLog):
    """Remembers how many days were asked for, and whether all of their lines were."""

    asked: list[tuple[int, bool]] = field(default_factory=list)

    async def recent(self, days: int, about: Callable[[str], bool] | None = None) -> ReadLogs:
        self.asked.append((days, about is None))
        return await super().recent(days, about)


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


def world_with(*logs: WakeLog, **values: Any) -> tuple[World, ReadRunLog]:
    """One that ran at nine on each of the last 60 days beside what is given."""
    days = (at(NOW) - timedelta(days=day) for day in range(60))
    often = [wake_log("daily", f"{day:%Y-%m-%d}T09:00", RunState.SUCCEEDED) for day in days]
    log = ReadRunLog([*often, *logs])
    world = World(log=log)
    rare = hourly("rare", LONG_AGO, **{"when": ("0 9 1 * *",), **values})
    world.live(hourly("daily", LONG_AGO, when=("0 9 * * *",)), rare)
    return world, log


def shown(world: World, name: str = "rare") -> list[str]:
    generation = world.generations.generation
    assert generation is not None
    runs = asyncio.run(runs_to_show(world.ports(NOW), generation, minute(at(NOW))))
    assert sum(run.occurrence.name == "daily" for run in runs) == RUNS_DAYS
    return [
        f"{instant(run.occurrence.at):%m-%d} {run.state}"
        for run in runs
        if run.occurrence.name == name
    ]


def test_the_last_run_of_a_monthly_schedule_is_found_and_nothing_else_is_read_for_it() -> None:
    world, log = world_with(
        wake_log("rare", "2026-10-01T09:00", RunState.SUCCEEDED),
        wake_log("rare", "2026-11-01T09:00", RunState.FAILED),
    )
    assert shown(world) == ["11-01 failed"]
    assert log.asked == [(RUNS_DAYS, True), (20, False)]


def test_it_is_found_under_the_name_that_it_had() -> None:
    then = minute(at("2026-11-10T00:00"))
    world, _log = world_with(
        wake_log("seldom", "2026-11-01T09:00", RunState.FAILED), formerly=(("seldom", then),)
    )
    assert shown(world, "seldom") == ["11-01 failed"]


def test_before_what_was_excluded_lies_the_time_that_is_looked_for() -> None:
    world, log = world_with(
        wake_log("rare", "2026-10-01T09:00", RunState.FAILED), exclude=("2026-11-01",)
    )
    assert shown(world) == ["10-01 failed"]
    assert log.asked[1:] == [(51, False)]


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
    world, log = world_with(**values)
    assert shown(world) == []
    assert log.asked == [(RUNS_DAYS, True)]


def test_what_is_younger_is_not_looked_for() -> None:
    world, log = world_with()
    generation = world.generations.generation
    assert generation is not None
    young = [
        replace(record, anchor=minute(at("2026-11-19T00:00"))) for record in generation.records
    ]
    world.live(*young)
    assert shown(world) == []
    assert log.asked == [(RUNS_DAYS, True)]
