"""What the deployed function makes of its arguments and of its container, and what it prints."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import modal
import pytest

from reconciler.cron import minute
from reconciler.dispatch.wake import entrypoint
from reconciler.dispatch.wake.request import NothingAppliedError, Ports, WakeRequest
from reconciler.model.generation import APP_VARIABLE, SLOT_VARIABLE
from reconciler.model.outbox import Sending, SendingState
from reconciler.model.runs_file import RunRecord, RunState, WakeLog, decode_wake_log
from tests.dispatch.scenario import at

NINE = minute(at("09:00"))
TIME = "2026-11-20T09:00:00Z"
LOG = WakeLog(
    wake="fc-wake",
    slot="slot-1",
    started=TIME,
    now=NINE,
    generation="abc",
    through=NINE,
    pending={},
    records=(
        RunRecord(name="report", times=(NINE,), state=RunState.STARTED, at=TIME, call="fc-1"),
        RunRecord(
            name="sync",
            times=(NINE - 2, NINE),
            state=RunState.MISSED,
            at=TIME,
            count=2,
            reason="deadline",
        ),
    ),
    sendings=(Sending("missed/sync@1", "https://example.com", SendingState.SENT),),
)

Waking = Callable[..., tuple[str, list[WakeRequest]]]


@pytest.fixture
def wake(monkeypatch: pytest.MonkeyPatch) -> Waking:
    """Runs the deployed function over a wake that leaves this log, or finds nothing applied."""
    monkeypatch.setenv(APP_VARIABLE, "reconciler")
    monkeypatch.setenv(SLOT_VARIABLE, "slot-1")
    monkeypatch.setattr(modal, "current_function_call_id", lambda: "fc-wake")

    def run(log: WakeLog | None = LOG, **args: object) -> tuple[str, list[WakeRequest]]:
        requests: list[WakeRequest] = []

        async def process(_: Ports, request: WakeRequest) -> WakeLog:
            requests.append(request)
            if log is None:
                raise NothingAppliedError
            return log

        monkeypatch.setattr(entrypoint, "process", process)
        return asyncio.run(entrypoint.wake(**args)), requests  # type: ignore[arg-type]  # any of them

    return run


def test_a_cron_wakes_under_the_id_of_its_own_call(wake: Waking) -> None:
    """By which other wakes learn whether it is still alive."""
    answer, (request,) = wake()
    assert (request.wake, request.slot, request.regular) == ("fc-wake", "slot-1", True)
    assert decode_wake_log(answer.encode(), "the answer") == LOG


def test_two_executions_of_one_call_have_tokens_of_their_own(wake: Waking) -> None:
    """Modal runs a wake again whose container died: its claims are not those of the first."""
    assert wake()[1][0].token != wake()[1][0].token


def test_the_log_has_a_line_for_each_outcome_and_each_notification(
    wake: Waking, capsys: pytest.CaptureFixture[str]
) -> None:
    wake()
    assert capsys.readouterr().out.splitlines() == [
        "started report@2026-11-20T09:00Z fc-1",
        "missed sync@2026-11-20T09:00Z and 1 before it (deadline)",
        "alert missed/sync@1 to https://example.com: sent",
    ]


def test_before_the_first_apply_a_wake_says_so_and_answers_nothing(
    wake: Waking, capsys: pytest.CaptureFixture[str]
) -> None:
    assert wake(None)[0] == ""
    assert "nothing was applied yet" in capsys.readouterr().out


def test_a_wake_that_a_person_asks_for_processes_what_it_was_asked_for(wake: Waking) -> None:
    (request,) = wake(as_if="2026-11-20T09:00Z", trigger="report", args={"day": 3}, source="http")[
        1
    ]
    assert (request.as_if, request.trigger, request.source) == (NINE, "report", "http")
    assert request.args == {"day": 3}
    (request,) = wake(rerun="report@2026-11-20T09:00Z.2")[1]
    assert request.rerun is not None
    assert (request.rerun.name, request.rerun.at, request.rerun.run) == ("report", NINE, 2)
