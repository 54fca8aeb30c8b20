"""What the container of a wake raises becomes an error without its traceback."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import modal
import pytest
from modal.exception import ExecutionError

from reconciler.deploy.fakes import FakeApps, FakeFiles
from reconciler.deploy.invocation import call_dispatcher, wait_for_calls
from reconciler.deploy.lost import lost_volume
from reconciler.deploy.ports import DeployedApp
from reconciler.dispatch.answers import CallState, CallStatus
from reconciler.dispatch.wake.request import UnknownScheduleError
from reconciler.errors import ReconcileError
from reconciler.model.runs_file import RunRecord, RunState, WakeLog
from reconciler.plan.tags import VOLUME_TAG


class Raising:
    """A deployed function, and both calls of it that are made."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.hydrate = self.remote = self

    async def aio(self, **arguments: Any) -> None:
        if arguments:
            raise self.error


def raised(monkeypatch: pytest.MonkeyPatch, error: Exception) -> ReconcileError:
    """The message to the caller of a wake that raises this."""
    monkeypatch.setattr(modal.Function, "from_name", lambda *_, **__: Raising(error))
    with pytest.raises(ReconcileError) as caught:
        asyncio.run(call_dispatcher("ours", "main", trigger="a"))
    return caught.value


def test_a_class_that_is_not_known_here_is_shown_by_the_last_line_of_its_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unreadable = ExecutionError(
        "Could not deserialize remote exception due to local error:\nno module\n"
        "Here is the remote traceback:\nTraceback (most recent call last):\n"
        '  File "wake.py", line 1\nreconciler.newer.NewError: the moon is full\n'
    )
    told = str(raised(monkeypatch, unreadable))
    assert told.splitlines()[0] == (
        "ours: the dispatcher failed: reconciler.newer.NewError: the moon is full"
    )
    assert "Traceback" not in told


def test_a_schedule_that_went_away_meanwhile_is_no_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    told = raised(monkeypatch, UnknownScheduleError("a"))
    assert told.message_for("staging") == (
        "no schedule a is live now\n  See which are: reconcile status --env staging"
    )


# What stands behind a call that fails inside Modal


def lost(functions_hold: str | None, present: str | None) -> ReconcileError | None:
    apps, files = FakeApps(), FakeFiles(id=present)
    if functions_hold is not None:
        tags = {VOLUME_TAG: functions_hold} if functions_hold else {}
        apps.apps = [DeployedApp(apps.environment, apps.name, (), tags)]
    return asyncio.run(lost_volume(apps, files, "ours"))


@pytest.mark.parametrize(("held", "present"), [("vo-1", "vo-1"), ("", "vo-1"), (None, None)])
def test_a_volume_that_is_there_or_of_which_nothing_is_known_is_not_lost(
    held: str | None, present: str | None
) -> None:
    assert lost(held, present) is None


@pytest.mark.parametrize(
    ("present", "happened"), [(None, "was deleted"), ("vo-2", "was deleted and made again")]
)
def test_a_volume_that_the_functions_hold_and_that_is_gone_is_named(
    present: str | None, happened: str
) -> None:
    found = lost("vo-1", present)
    assert found is not None
    assert found.what == (
        f"{happened}, and the deployed functions hold the old one (vo-1): no schedule runs"
    )
    assert found.where == "volume ours"


# Waiting for what a wake has started


@dataclass
class Waiting:
    """Calls that end with the question of this number; the seconds of each question."""

    ends_at: int
    status: CallStatus
    asked: list[tuple[str, float | None]] = field(default_factory=list)

    async def wait(self, call: str, seconds: float | None) -> CallStatus:
        self.asked.append((call, seconds))
        return self.status if len(self.asked) >= self.ends_at else CallStatus(CallState.RUNNING)


def run(state: RunState, call: str | None = "fc-1") -> RunRecord:
    return RunRecord(name="a", times=(1,), state=state, at="2026-11-20T15:00:00Z", call=call)


def waited(monkeypatch: pytest.MonkeyPatch, waiting: Waiting, *records: RunRecord) -> WakeLog:
    monkeypatch.setattr("reconciler.deploy.invocation.ModalCaller", lambda _environment: waiting)
    log = WakeLog(
        wake="fc-0",
        slot="a",
        started="2026-11-20T15:00:00Z",
        now=1,
        generation="f" * 64,
        through=1,
        pending={},
        records=records,
    )
    return asyncio.run(wait_for_calls(log, "main"))


def test_each_question_about_a_call_takes_twice_as_long_up_to_thirty_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waiting = Waiting(6, CallStatus(CallState.SUCCEEDED, result="7"))
    (ended,) = waited(monkeypatch, waiting, run(RunState.STARTED)).records
    assert [seconds for _, seconds in waiting.asked] == [4, 8, 16, 30, 30, 30]
    assert (ended.state, ended.result, ended.reason) == (RunState.SUCCEEDED, "7", None)


def test_a_run_says_how_it_ended_and_why(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = Waiting(1, CallStatus(CallState.FAILED, reason="boom"))
    (ended,) = waited(monkeypatch, waiting, run(RunState.STARTED)).records
    assert (ended.state, ended.reason) == (RunState.FAILED, "boom")


def test_what_has_not_started_or_has_no_call_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waiting = Waiting(1, CallStatus(CallState.SUCCEEDED))
    records = (run(RunState.MISSED), run(RunState.STARTED, call=None), run(RunState.SUCCEEDED))
    assert waited(monkeypatch, waiting, *records).records == records
    assert waiting.asked == []
