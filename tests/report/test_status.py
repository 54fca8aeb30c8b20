"""How a suspended schedule is shown by ``reconcile status``."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.cron import minute
from reconciler.dispatch.cursor import Cursor
from reconciler.dispatch.generation_writing import new_generation
from reconciler.report.status import Status, status_of
from reconciler.report.status_text import status_json, status_text
from reconciler.report.style import Style
from tests.dispatch.scenario import at, hourly

NOW = minute(at("15:30"))
RESUMES = minute(at("2026-12-01T00:30"))


def status(**values: Any) -> Status:
    """The status of an hourly schedule."""
    generation = new_generation([hourly(since="15:30", **values)], [], 300)
    return status_of(generation, None, Cursor(), (), NOW)


def row(found: Status) -> str:
    return status_text(found, {}, Style(colour=False)).splitlines()[1]


def as_json(found: Status) -> dict[str, Any]:
    schedule = status_json(found, {})["schedules"][0]
    keys = ("suspended", "suspended_until", "suspended_reason", "next")
    return {key: schedule[key] for key in keys}


def test_a_suspension_says_until_when_and_why_and_the_next_run_is_the_first_after_it() -> None:
    found = status(suspended="moving house", resumes=RESUMES)
    assert row(found) == (
        "  hourly  next 2026-12-01T01:00Z  suspended until 2026-12-01T00:30Z: moving house  "
        "no run yet"
    )
    assert as_json(found) == {
        "suspended": True,
        "suspended_until": "2026-12-01T00:30Z",
        "suspended_reason": "moving house",
        "next": "2026-12-01T01:00Z",
    }


def test_a_suspension_without_an_end_has_no_next_run() -> None:
    found = status(suspended="budget")
    assert row(found) == "  hourly  suspended: budget       no run yet"
    assert as_json(found) == {
        "suspended": True,
        "suspended_until": None,
        "suspended_reason": "budget",
        "next": None,
    }


def test_a_suspension_without_a_reason_gives_none() -> None:
    found = status(suspended="")
    assert row(found) == "  hourly  suspended               no run yet"
    assert as_json(found)["suspended_reason"] is None


@pytest.mark.parametrize("resumes", [NOW, NOW - 60])
def test_a_suspension_that_is_over_is_not_shown(resumes: int) -> None:
    found = status(suspended="moving house", resumes=resumes)
    assert row(found) == "  hourly  next 2026-11-20T16:00Z  no run yet"
    assert as_json(found) == {
        "suspended": False,
        "suspended_until": None,
        "suspended_reason": None,
        "next": "2026-11-20T16:00Z",
    }


def test_a_suspended_schedule_wants_no_look() -> None:
    assert status(suspended="budget").well
