"""Each attempt at a run is recorded, and under at-most-once it is claimed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from reconciler.attempts import AttemptState, attempt_key
from reconciler.container.attempts import MayHaveRunError, begin, unless_unavailable
from reconciler.container.occurrence import Occurrence
from reconciler.dispatch.adapters.in_memory import FakeClaims
from reconciler.dispatch.wake.modal_tries import tries_of

CALL = "fc-1"


class Entries(dict[str, Any]):
    """Our Dict in memory."""

    def put(self, key: str, value: Any, *, skip_if_exists: bool = False) -> bool:
        if skip_if_exists and key in self:
            return False
        self[key] = value
        return True


def test_attempts_are_counted_and_say_how_they_ended() -> None:
    entries = Entries()
    first = begin(CALL, entries, at_most_once=False)
    first.end(AttemptState.FAILED, "ValueError: no")
    second = begin(CALL, entries, at_most_once=False)
    second.end(AttemptState.SUCCEEDED)
    assert (first.number, second.number) == (1, 2)
    lines = asyncio.run(tries_of(CALL, 4, FakeClaims(entries=dict(entries))))
    assert [line.partition(" (cpu")[0] for line in lines] == [
        "1: fc-1 failed ValueError: no",
        "2: fc-1 succeeded",
    ]


def test_an_attempt_that_never_said_how_it_ended_was_interrupted() -> None:
    entries = Entries()
    begin(CALL, entries, at_most_once=False)
    begin(CALL, entries, at_most_once=False).end(AttemptState.SUCCEEDED)
    lines = asyncio.run(tries_of(CALL, 1, FakeClaims(entries=dict(entries))))
    assert lines[0] == "1: fc-1 interrupted"
    assert lines[1].startswith("2: fc-1 succeeded (cpu ")


def test_under_at_most_once_only_a_failure_lets_another_attempt_run() -> None:
    entries = Entries()
    begin(CALL, entries, at_most_once=True).end(AttemptState.FAILED, "ValueError: no")
    assert begin(CALL, entries, at_most_once=True).number == 2
    with pytest.raises(MayHaveRunError, match="attempt 2 may have run; delivery is at-most-once"):
        begin(CALL, entries, at_most_once=True)
    with pytest.raises(MayHaveRunError, match="attempt 3 may have run"):
        begin(CALL, entries, at_most_once=True)
    assert entries[attempt_key(CALL, 3)]["state"] == AttemptState.REFUSED


def test_under_at_least_once_an_attempt_follows_one_in_doubt() -> None:
    entries = Entries()
    begin(CALL, entries, at_most_once=False)
    assert begin(CALL, entries, at_most_once=False).number == 2


def test_a_run_does_not_fail_because_its_attempt_cannot_be_recorded(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def unavailable() -> str:
        raise ConnectionError("no answer")

    assert unless_unavailable(unavailable, "went on") == "went on"
    assert "could not be recorded: ConnectionError: no answer" in capsys.readouterr().out


def test_a_supervisors_count_of_attempts_goes_before_modals() -> None:
    about = {
        "id": "a@2036-12-01T09:00Z",
        "nominal": "2036-12-01T09:00Z",
        "scheduled": "2036-12-01T09:00:05Z",
    }
    assert Occurrence.of(about, 2).attempt == 2
    found = Occurrence.of({**about, "attempt": 3}, 1)
    assert (found.attempt, found.id) == (3, "a@2036-12-01T09:00Z")
    assert found.nominal_time.utcoffset() is not None
    assert found.scheduled_time > found.nominal_time
