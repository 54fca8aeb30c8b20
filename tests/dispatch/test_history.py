"""What became of an occurrence, from the lines of the wakes that had to do with it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from reconciler.cron import minute
from reconciler.dispatch.answers import CallState
from reconciler.model.runs import Run, runs_of
from reconciler.model.runs_file import RunRecord, RunState, WakeLog, decode_wake_log
from reconciler.policies import Overlap
from reconciler.query.live_runs import with_open_calls
from reconciler.render.explanation import run_lines, what_happened
from reconciler.render.runs_text import run_json
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
        pending={},
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


def replaced_at_ten() -> World:
    world = World()
    world.live(hourly(overlap=Overlap.REPLACE))
    world.wake("09:00")
    world.wake("10:00")
    world.end(1, CallState.CANCELLED, "RemoteError: Input was cancelled by user")
    world.end(2, CallState.SUCCEEDED)
    return world


def asked_for(world: World) -> list[Run]:
    """The runs when no wake has written down yet how they ended."""
    logs = [
        replace(log, records=tuple(line for line in log.records if not line.state.ended))
        for log in world.log.logs
    ]
    return asyncio.run(with_open_calls(runs_of(logs), world.caller))


def test_a_run_that_was_replaced_says_by_which_and_not_that_a_user_cancelled_it() -> None:
    world = replaced_at_ten()
    for nine, _ten in (asked_for(world), runs_of(world.log.logs)):
        assert (nine.state, nine.reason) == (
            RunState.CANCELLED,
            "replaced by hourly@2026-11-20T10:00Z",
        )
        assert nine.replaced_by == "hourly@2026-11-20T10:00Z"


def test_the_run_that_replaced_it_says_so_also_when_it_has_ended() -> None:
    world = replaced_at_ten()
    world.wake("10:05")
    _nine, ten = runs_of(world.log.logs)
    assert (ten.state, ten.replaced) == (RunState.SUCCEEDED, "hourly@2026-11-20T09:00Z")
    assert (
        "  decided  2026-11-20T10:00:00Z started: replaced hourly@2026-11-20T09:00Z, still running"
    ) in run_lines(ten, None, None)
    as_json = run_json(ten)
    assert as_json["replaced"] == "hourly@2026-11-20T09:00Z"
    assert [decision["state"] for decision in as_json["decisions"]] == ["started"]


def test_a_run_that_ended_by_itself_before_it_could_be_replaced_keeps_its_own_end() -> None:
    world = replaced_at_ten()
    world.end(1, CallState.FAILED, "ValueError")
    nine, _ten = asked_for(world)
    assert (nine.state, nine.reason, nine.replaced_by) == (RunState.FAILED, "ValueError", None)


def test_a_run_that_a_person_cancelled_does_not_say_that_it_was_replaced() -> None:
    world = World()
    world.live(hourly())
    world.wake("09:00")
    world.end(1, CallState.CANCELLED, "RemoteError: Input was cancelled by user")
    world.wake("09:05")
    (run,) = runs_of(world.log.logs)
    assert run.reason == "RemoteError: Input was cancelled by user"


def test_a_run_that_had_queued_says_what_it_waited_for_also_when_it_has_ended() -> None:
    world = World()
    world.live(hourly(overlap=Overlap.QUEUE))
    world.wake("09:00")
    world.wake("10:00")
    world.end(1, CallState.SUCCEEDED)
    world.wake("10:07")
    world.end(2, CallState.FAILED, "ValueError")
    world.wake("10:10")
    _nine, ten = runs_of(world.log.logs)
    assert (ten.state, ten.reason) == (RunState.FAILED, "ValueError")
    shown = list(what_happened(ten, None, None))
    assert shown[0] == "hourly@2026-11-20T10:00Z ran, 7 minutes late; failed."
    assert (
        "  decided  2026-11-20T10:00:00Z queued: hourly@2026-11-20T09:00Z is still running; "
        "overlap is queue"
    ) in shown


def test_a_start_that_failed_is_shown_with_the_run_that_came_of_it() -> None:
    world = World()
    world.live(hourly())
    world.caller.missing.add("shop/sync")
    world.wake("09:00")
    world.caller.missing.clear()
    world.wake("09:05")
    world.end(1, CallState.SUCCEEDED)
    world.wake("09:10")
    (run,) = runs_of(world.log.logs)
    assert [(one.state, one.attempt) for one in run.decisions] == [(RunState.START_FAILED, 1)]


def test_what_is_decided_twice_alike_is_shown_once() -> None:
    world = World()
    world.live(hourly(suspended="moving house"))
    world.wake("09:00")
    world.wake("09:05", as_if=NINE)
    (run,) = runs_of(world.log.logs)
    assert len(run.decisions) == 1
    shown = run_lines(run, None, None)
    assert not [line for line in shown if "decided" in line], "it is the reason"


def test_a_start_that_a_later_wake_comes_upon_is_still_that_of_the_wake_that_made_it() -> None:
    world = World()
    world.live(hourly())
    made = world.wake("09:00")
    world.wake("09:05", as_if=NINE)
    (run,) = runs_of(world.log.logs)
    assert (run.started, run.wake) == ("2026-11-20T09:00:00Z", made.wake)
