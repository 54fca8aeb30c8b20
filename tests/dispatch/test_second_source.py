"""The Worker on Cloudflare is overdue when something was due and it asked for no wake."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from reconciler.alerts import AlertRule, Alerts
from reconciler.cron import minute
from reconciler.dispatch.decide.messages import alert_text
from reconciler.dispatch.decide.notifications import overdue_notifications
from reconciler.dispatch.decide.second_source import worker_overdue_since
from reconciler.model.generation import Generation, Worker, new_generation
from reconciler.model.schedule_record import ScheduleRecord

START = minute(datetime(2026, 11, 20, 6, 0, tzinfo=UTC))
SOURCE = "cloudflare/wakes"


WORKER = Worker(SOURCE, START)


def hourly(worker: Worker | None = WORKER, **more: Any) -> Generation:
    """A schedule at minute 30 of each hour."""
    record = ScheduleRecord(
        name="sync", app="shop", function="sync", anchor=START, when=("30 * * * *",), **more
    )
    return new_generation([record], (), 300, worker=worker)


def overdue(generation: Generation, at: str, last: str | None = None) -> str | None:
    """The minute for which no wake was asked, at a time of that day."""
    woken = {} if last is None else {SOURCE: f"2026-11-20T{last}:00Z"}
    now = minute(datetime.fromisoformat(f"2026-11-20T{at}:00Z"))
    found = worker_overdue_since(generation, woken, now)
    return None if found is None else datetime.fromtimestamp(found * 60, UTC).strftime("%H:%M")


@pytest.mark.parametrize(
    ("at", "last", "expected"),
    [
        ("06:20", None, None),  # nothing was due
        ("06:34", None, None),  # it may be late by the punctuality
        ("06:35", None, "06:30"),
        ("07:00", "06:30", None),
        ("07:36", "06:30", "07:30"),
        ("09:50", "06:30", "07:30"),
    ],
)
def test_it_is_overdue_by_what_was_due(at: str, last: str | None, expected: str | None) -> None:
    assert overdue(hourly(), at, last) == expected


def test_a_new_one_has_the_time_that_a_trigger_takes_to_spread() -> None:
    generation = hourly(Worker(SOURCE, START + 20))
    assert overdue(generation, "06:59") is None
    assert overdue(generation, "07:36") == "07:30"


def test_one_that_retires_or_is_none_is_not_overdue() -> None:
    assert overdue(hourly(Worker(SOURCE, START, leaving=START)), "09:00") is None
    assert overdue(hourly(None), "09:00") is None


def test_a_suspended_schedule_expects_nothing() -> None:
    assert overdue(hourly(suspended="moving"), "09:00") is None


def test_the_alert_names_the_worker() -> None:
    alerts = Alerts(AlertRule())
    record = hourly().records[0]
    generation = new_generation([record], (), 300, alerts=alerts, worker=WORKER)
    seen = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    found = list(overdue_notifications(generation, {}, seen, "safety_tick", ""))
    assert len(found) == 1
    assert alert_text(found[0], generation).startswith(
        "The Worker cloudflare/wakes should have asked for a wake at 2026-11-20T06:30Z and did "
        "not; Modal's crons wake for it meanwhile."
    )
    own = overdue_notifications(generation, {}, seen, "on_demand", "", by_worker=True)
    assert list(own) == []
