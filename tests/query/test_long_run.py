"""A run is long when it takes longer than each of the last 50 successes, and twice their median."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from reconciler.cron import minute
from reconciler.deploy.fakes import FakeFiles
from reconciler.model.generation import Generation, new_generation
from reconciler.model.runs import duration
from reconciler.model.runs_file import RunRecord, RunState, WakeLog, format_time
from reconciler.query.live_long_runs import long_runs
from reconciler.query.live_runs import newest_runs
from reconciler.query.long_run import Usual
from reconciler.query.newest_first import RunHistory
from tests.dispatch.scenario import at, hourly

NOMINAL = at("2026-11-20T09:00")
LIVE = new_generation([hourly("job", "2026-01-01T00:00", when=("0 9 * * *",))], [], 300)


def files(minutes: list[int], ended: RunState = RunState.SUCCEEDED) -> FakeFiles:
    """Daily runs that ended after so many minutes, the newest first, and one that began at nine."""
    found = FakeFiles()
    for days, length in enumerate([None, *minutes]):
        begun = NOMINAL - timedelta(days=days)
        states = [(RunState.STARTED, begun)]
        if length is not None:
            states.append((ended, begun + timedelta(minutes=length)))
        for state, seen in states:
            line = RunRecord(
                name="job", times=(minute(begun),), state=state, at=format_time(seen), call="fc-1"
            )
            log = WakeLog(
                wake=f"fc-{days}-{state}",
                slot="poller",
                started=format_time(seen),
                now=minute(seen),
                generation="0" * 64,
                through=minute(seen),
                pending={},
                records=(line,),
            )
            found.files[log.path] = log.encode()
    return found


def long_after(elapsed: int, found: FakeFiles, generation: Generation = LIVE) -> bool:
    history, now = RunHistory(found), NOMINAL + timedelta(minutes=elapsed)

    async def ask() -> bool:
        known = await newest_runs(history, generation, minute(now))
        return "job" in await long_runs(history, generation, known.ordered, now)

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("lengths", "elapsed", "is_long"),
    [
        ([30, 30, 30], 60, False),
        ([30, 30, 30], 61, True),
        ([30, 30, 30, 90], 80, False),
        ([30, 30, 30, 90], 91, True),
        ([30, 40], 600, False),
        ([], 600, False),
    ],
)
def test_longer_than_each_success_and_twice_the_median(
    lengths: list[int], elapsed: int, is_long: bool
) -> None:
    assert long_after(elapsed, files(lengths)) is is_long


def test_only_the_last_fifty_successes_count() -> None:
    assert not long_after(100, files([30] * 49 + [500]))
    assert long_after(100, files([30] * 50 + [500]))


def test_failures_say_nothing_of_what_is_usual() -> None:
    assert not long_after(600, files([30] * 9, RunState.FAILED))


def test_what_no_wake_has_seen_end_has_no_duration() -> None:
    history = RunHistory(files([30]))
    known = asyncio.run(newest_runs(history, LIVE, minute(NOMINAL)))
    newest, before = sorted(known.ordered, key=lambda run: -run.occurrence.at)
    assert duration(newest) is None
    assert duration(before) == 30 * 60


def test_what_is_usual_is_the_middle_of_what_is_known() -> None:
    known = asyncio.run(newest_runs(RunHistory(files([10, 20, 60])), LIVE, minute(NOMINAL)))
    assert Usual.of(known.ordered) == Usual(600, 1200, 3600, 3)
    assert Usual.of(known.ordered[:2]) is None
