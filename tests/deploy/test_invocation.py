"""What the container of a wake raised is told as an error, without its traceback."""

from __future__ import annotations

import asyncio
from typing import Any

import modal
import pytest
from modal.exception import ExecutionError

from reconciler.deploy.invocation import call_dispatcher
from reconciler.dispatch.wake.wake import UnknownScheduleError
from reconciler.errors import ReconcileError


class Raising:
    """A deployed function, and both calls of it that are made."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.hydrate = self.remote = self

    async def aio(self, **arguments: Any) -> None:
        if arguments:
            raise self.error


def raised(monkeypatch: pytest.MonkeyPatch, error: Exception) -> ReconcileError:
    """What the caller of a wake that raises this is told."""
    monkeypatch.setattr(modal.Function, "from_name", lambda *_, **__: Raising(error))
    with pytest.raises(ReconcileError) as caught:
        asyncio.run(call_dispatcher("ours", "main", trigger="a"))
    return caught.value


def test_a_class_that_is_not_known_here_is_told_by_the_last_line_of_its_traceback(
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
    assert told.told("staging") == (
        "no schedule a is live any more\n  See what is: reconcile status --env staging"
    )
