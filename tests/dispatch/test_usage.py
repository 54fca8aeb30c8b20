"""What a run of a code target used stands in the line of its try, whoever retries it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from reconciler.attempts import ENVELOPE, AttemptState, attempt_key
from reconciler.dispatch.adapters.in_memory import FakeClaims
from reconciler.dispatch.answers import CallState, CallStatus
from reconciler.dispatch.wake.modal_tries import tries_of
from tests.dispatch.scenario import World, hourly
from tests.dispatch.test_supervision import DONE, FAILED, ORDER, Desk, Scripted

USED = "cpu 0.12s, memory 45Mi"


def recorded(claims: FakeClaims, call: str, number: int = 1, **entry: str) -> None:
    ended = {"state": AttemptState.SUCCEEDED.value, "used": USED, **entry}
    claims.entries[attempt_key(call, number)] = ended


def test_a_run_that_nothing_retries_shows_what_it_used() -> None:
    world = World()
    world.live(hourly(code="jobs/rates.py::refresh"))
    world.wake("09:00")
    recorded(world.claims, "fc-1")
    world.caller.statuses["fc-1"] = CallStatus(CallState.SUCCEEDED)
    (record,) = world.wake("09:10").records
    assert record.tries == (f"1: fc-1 succeeded ({USED})",)


def test_a_function_that_others_deployed_records_nothing() -> None:
    world = World()
    world.live(hourly())
    world.wake("09:00")
    world.caller.statuses["fc-1"] = CallStatus(CallState.SUCCEEDED)
    (record,) = world.wake("09:10").records
    assert record.tries == ()


def test_each_try_of_a_supervised_run_shows_it() -> None:
    desk = Desk(Scripted(script=[FAILED, DONE]))
    recorded(desk.claims, "fc-1")
    status = desk.supervise(replace(ORDER, retries=1, args={ENVELOPE: {"id": "a"}}))
    assert status.tries == (
        f"1: fc-1 failed ValueError: no rows ({USED})",
        "2: fc-2 succeeded",
    )


def test_every_attempt_that_modal_made_is_found() -> None:
    claims = FakeClaims()
    for number in (1, 2, 3):
        recorded(claims, "fc-1", number, state=AttemptState.FAILED.value, reason="no answer")
    found = asyncio.run(tries_of("fc-1", 3, claims))
    assert found == tuple(f"{n}: fc-1 failed no answer ({USED})" for n in (1, 2, 3))
