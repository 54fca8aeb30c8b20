"""What became of an occurrence, from the lines of the wakes that had to do with it."""

from __future__ import annotations

import pytest

from reconciler.cron import minute
from reconciler.dispatch.history import runs_of
from reconciler.dispatch.runs import RunRecord, RunState, WakeLog
from reconciler.dispatch.stored_runs import decode_wake_log
from tests.dispatch.scenario import World, at, hourly

NINE = minute(at("09:00"))


def log(time: str, *states: RunState) -> WakeLog:
    """The log of a wake that wrote such lines about one occurrence."""
    started = f"{at(time):%Y-%m-%dT%H:%M:%SZ}"
    lines = [RunRecord(name="a", times=(NINE,), state=state, at=started) for state in states]
    return WakeLog(
        wake=f"fc-{time}",
        slot="poller",
        started=started,
        now=minute(at(time)),
        generation="0" * 64,
        through=None,
        unsettled={},
        records=tuple(lines),
    )


@pytest.mark.parametrize(
    ("first", "then", "state"),
    [
        (RunState.START_FAILED, RunState.SKIPPED, RunState.SKIPPED),
        (RunState.START_FAILED, RunState.QUEUED, RunState.QUEUED),
        (RunState.QUEUED, RunState.START_FAILED, RunState.START_FAILED),
        (RunState.QUEUED, RunState.MISSED, RunState.MISSED),
        (RunState.MISSED, RunState.STARTED, RunState.STARTED),
        (RunState.STARTED, RunState.MISSED, RunState.STARTED),
        (RunState.SUCCEEDED, RunState.STARTED, RunState.SUCCEEDED),
    ],
)
def test_of_several_lines_the_one_that_settles_more_counts_and_else_the_later_one(
    first: RunState, then: RunState, state: RunState
) -> None:
    (run,) = runs_of([log("09:00", first), log("09:05", then)])
    assert run.state is state


def test_a_wake_that_is_run_again_in_the_same_second_writes_a_file_of_its_own() -> None:
    world = World()
    world.live(hourly())
    world.wake("08:45")
    before = world.claims.entries["cursor"]
    world.wake("09:00", wake="fc-w", token="one")
    world.claims.entries["cursor"] = before  # as if the container had died before it was written
    world.wake("09:00", wake="fc-w", token="two")
    assert len(world.log.logs) == len({one.path for one in world.log.logs}) == 2


def test_the_execution_is_read_back_and_older_files_have_none() -> None:
    world = World()
    world.live(hourly())
    written = world.wake("09:00", token="0123456789")
    assert decode_wake_log(written.encode(), "a file") == written
    assert written.path.endswith("-01234567.jsonl")
    old = log("09:00", RunState.STARTED)
    assert b"execution" not in old.encode()
    assert decode_wake_log(old.encode(), "a file") == old
