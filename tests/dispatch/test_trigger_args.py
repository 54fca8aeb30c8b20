"""A trigger's arguments hold for its run, whichever wake starts it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from reconciler.cron import minute
from reconciler.dispatch.adapters.in_memory import FakeCaller, FakeClaims
from reconciler.dispatch.answers import CallState, CallStatus, NotStartedError, StartUnknownError
from reconciler.model.formats import Entry
from reconciler.model.occurrence import Occurrence
from reconciler.model.runs_file import RunState
from reconciler.policies import Overlap
from tests.dispatch.scenario import World, at, hourly, lines

ARGS = {"day": "2026-11-19", "id": "${occurrence.id}"}
GIVEN = {"day": "2026-11-19", "id": "hourly@2026-11-20T09:10Z", "rows": 5}

SECOND = Occurrence("hourly", minute(at("09:10")), 2)


def passed(world: World) -> list[dict[str, Any]]:
    return [dict(call.args) for call in world.caller.calls]


def test_they_stand_in_place_of_those_of_the_manifest() -> None:
    world = World()
    world.live(hourly(args={"day": "today", "rows": 5}))
    world.wake("09:10", trigger="hourly", args=ARGS)
    assert passed(world) == [GIVEN]
    world.wake("10:00")
    assert passed(world)[1] == {"day": "today", "rows": 5}


@pytest.mark.parametrize("error", [NotStartedError("no"), StartUnknownError("no")])
def test_a_later_wake_that_starts_it_in_place_of_the_first_uses_them(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World()
    world.live(hourly(args={"day": "today", "rows": 5}))

    world.wake("09:00")

    async def refuse(*_: object) -> str:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(FakeCaller, "start", refuse)
        log = world.wake("09:10", trigger="hourly", args=ARGS)
    assert lines(log, RunState.START_FAILED) == ["hourly@09:10"]
    assert lines(world.wake("09:20"), RunState.STARTED) == ["hourly@09:10"]
    assert passed(world)[1:] == [GIVEN]


def test_a_run_that_waited_for_an_earlier_one_has_them() -> None:
    world = World()
    world.live(hourly(args={"rows": 5}, overlap=Overlap.QUEUE))
    world.wake("09:00")
    world.wake("09:10", trigger="hourly", args=ARGS)
    world.caller.statuses["fc-1"] = CallStatus(CallState.SUCCEEDED)
    world.wake("09:20")
    assert [args["order"]["args"] for args in passed(world)] == [{"rows": 5}, GIVEN]


def test_a_further_run_of_the_minute_has_its_own() -> None:
    world = World()
    world.live(hourly(args={"day": "today", "rows": 5}))
    world.wake("09:10", trigger="hourly", args={"day": "monday"})
    world.wake("09:10", rerun=SECOND, args=ARGS)
    assert [args["order"]["args"] for args in passed(world)[1:]] == [GIVEN]


def test_a_later_wake_that_starts_a_further_run_uses_them(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_: object) -> str:
        raise NotStartedError("no")

    world = World()
    world.live(hourly(args={"day": "today", "rows": 5}))
    world.wake("09:00")
    with monkeypatch.context() as patch:
        patch.setattr(FakeCaller, "supervise", refuse)
        world.wake("09:10", rerun=SECOND, args=ARGS)
    world.wake("09:20")
    assert [args["order"]["args"] for args in passed(world)[1:]] == [GIVEN]


def test_one_without_arguments_reads_no_entry() -> None:
    world = World()
    world.live(hourly(args={"rows": 5}))
    world.wake("09:10", trigger="hourly")
    assert not [key for key in world.claims.entries if key.startswith("args:")]


@dataclass
class Reading(FakeClaims):
    """Notes which entries are read."""

    read: list[str] = field(default_factory=list)

    async def get(self, key: str) -> Entry | None:
        self.read.append(key)
        return await super().get(key)


def test_of_what_waits_the_arguments_of_what_a_person_started_alone_are_read() -> None:
    world = World()
    world.claims = claims = Reading()
    world.live(hourly("by-hand"), hourly("on-time"))
    world.wake("09:00")
    world.caller.unreached = 4
    world.wake("09:10", trigger="by-hand", args=ARGS)
    assert len(lines(world.wake("10:00"), RunState.START_FAILED)) == 3
    claims.read.clear()
    assert len(lines(world.wake("10:10"), RunState.STARTED)) == 3
    assert [key for key in claims.read if key.startswith("args:")] == [
        "args:by-hand@2026-11-20T09:10Z"
    ]
