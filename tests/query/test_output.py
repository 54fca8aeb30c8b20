"""Which calls the output of a run is read from."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

from reconciler.cron import minute
from reconciler.deploy.fakes import FakeApps, FakeFiles, FakeOutput
from reconciler.deploy.ports import OutputLine
from reconciler.dispatch.adapters.in_memory import FakeCaller, FakeClaims, FakeClock
from reconciler.dispatch.answers import CallState, CallStatus
from reconciler.model.claim import ClaimState, try_key
from reconciler.model.occurrence import Occurrence
from reconciler.model.runs import Run
from reconciler.model.runs_file import RunState
from reconciler.query.output import LoggedRun, followed_output, kept_output
from reconciler.query.ports import QueryPorts

NOW = datetime(2026, 11, 20, 9, 5, tzinfo=UTC)
AT = Occurrence("a", minute(NOW) - 5)


def run(**values: Any) -> Run:
    given: dict[str, Any] = {"state": RunState.STARTED, "call": "fc-1", **values}
    seen = NOW.isoformat()
    return Run(occurrence=AT, seen=seen, wake="w", slot="poller", **given)


def ports(*printed: str) -> QueryPorts:
    output = FakeOutput({call: [OutputLine(NOW, "stdout", f"of {call}")] for call in printed})
    return QueryPorts(
        apps=FakeApps(),
        files=FakeFiles(),
        claims=FakeClaims(),
        caller=FakeCaller(),
        output=output,
        tasks=None,
        clock=FakeClock(NOW),
    )


def kept(asked: QueryPorts, one: Run, *, supervised: bool = False) -> list[tuple[int, str]]:
    async def read() -> list[tuple[int, str]]:
        lines = kept_output(asked, LoggedRun(one, supervised))
        return [(call.attempt, line.text) async for call, line in lines]

    return asyncio.run(read())


def test_a_run_of_its_own_call() -> None:
    assert kept(ports("fc-1"), run()) == [(1, "of fc-1")]


def test_each_try_of_a_supervisor_has_its_own_output() -> None:
    tries = ("1: fc-7 failed ValueError", "2: not started failed no answer", "3: fc-8 succeeded")
    found = kept(ports("fc-7", "fc-8"), run(tries=tries), supervised=True)
    assert found == [(1, "of fc-7"), (3, "of fc-8")]


def test_the_tries_that_modal_makes_of_one_call_have_one_output() -> None:
    tries = ("1: fc-1 failed ValueError", "2: fc-1 succeeded")
    assert kept(ports("fc-1"), run(tries=tries)) == [(1, "of fc-1")]


def test_the_tries_of_a_run_that_goes_on_are_found_by_their_claims() -> None:
    asked = ports("fc-7", "fc-8")
    claims = asked.claims
    assert isinstance(claims, FakeClaims)
    for key, call in ((try_key(AT.id, 1), "fc-7"), (try_key(AT.id, 2, 2), "fc-8")):
        claims.entries[key] = {"state": ClaimState.STARTED.value, "call": call}
    failed = {"state": ClaimState.FAILED.value, "error": "no answer"}
    claims.entries[try_key(AT.id, 2)] = failed
    assert kept(asked, run(), supervised=True) == [(1, "of fc-7"), (2, "of fc-8")]


def test_a_run_from_before_its_schedule_had_supervised_runs_keeps_its_output() -> None:
    assert kept(ports("fc-1"), run(state=RunState.SUCCEEDED), supervised=True) == [(1, "of fc-1")]


def test_following_a_supervised_run_ends_when_no_further_try_can_come() -> None:
    asked = ports("fc-7")
    claims, caller = asked.claims, asked.caller
    assert isinstance(claims, FakeClaims)
    assert isinstance(caller, FakeCaller)
    claims.entries[try_key(AT.id, 1)] = {"state": ClaimState.STARTED.value, "call": "fc-7"}
    caller.statuses["fc-1"] = CallStatus(CallState.SUCCEEDED)

    async def read() -> list[str]:
        lines = followed_output(asked, LoggedRun(run(), supervised=True))
        return [line.text async for _, line in lines]

    assert asyncio.run(read()) == ["of fc-7"]
