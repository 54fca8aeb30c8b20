"""The second wake source in a plan's text and comment, and in a status."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from reconciler.manifest.cloudflare_settings import CloudflareSettings, Mode
from reconciler.manifest.web_settings import WebSettings
from reconciler.model.generation import Worker
from reconciler.plan import Plan, make_plan
from reconciler.plan.state import LiveAccount, WorkerAttempts
from reconciler.query.latency import Latency, WakeLatency
from reconciler.query.status import Status
from reconciler.query.worker_status import WorkerStatus
from reconciler.render.plan_markdown import Made, plan_markdown
from reconciler.render.plan_text import plan_text
from reconciler.render.status_text import status_json, status_text
from reconciler.render.style import Style
from tests.plan.scenario import NOW, desired, nothing, schedules

PLAIN = Style(False)
TWO = schedules('name: poll\nschedule: "*/20 * * * *"\n---\nname: report\nschedule: "5 6 * * *"')


def planned(account: LiveAccount | None, mode: Mode = Mode.TICK) -> Plan:
    """A plan with a Worker."""
    worker = CloudflareSettings(account="0" * 32, worker="wakes", mode=mode)
    wanted = desired(TWO, cloudflare=worker, web=WebSettings(auth="w"))
    why = None if account is not None else "CLOUDFLARE_API_TOKEN is not set"
    return make_plan(wanted, replace(nothing(), cloudflare=account, cloudflare_unknown=why), NOW)


def test_a_plan_says_what_it_does_allows_and_costs() -> None:
    text = plan_text(planned(LiveAccount(None, {"shop": ("0 * * * *",)})), PLAIN)
    for line in (
        "+ create  worker wakes                 asks for a wake in each due minute, beside Modal's",
        (
            "Worker wakes (tick): 1 cron trigger of the account's 5, 1 held by others; it asks for "
            "2,222 wakes a month"
        ),
        (
            "Modal's crons stay until the Worker has woken the dispatcher; then only the safety "
            "poller stays, every 1h."
        ),
        (
            "A day of Cloudflare's free plan: 1,440 of 100,000 requests, at most 219 of 10,000 "
            "Queue operations, 1,805 of 100,000 rows written to D1"
        ),
        "Modal's crons alone: 2,222 wakes, $0.02 a month",
        "tick, Cloudflare's paid plan: 2,952 wakes, $5.03 a month",
    ):
        assert line in text


def test_an_unknown_account_is_said_to_be_unknown() -> None:
    text = plan_text(planned(None), PLAIN)
    assert "the Worker wakes is unknown: CLOUDFLARE_API_TOKEN is not set" in text
    assert "an unknown number held by others" in text


def test_a_comment_shows_it_too() -> None:
    made = Made(at=datetime(2026, 11, 20, tzinfo=UTC))
    comment = plan_markdown(planned(LiveAccount()), made)
    assert "Worker wakes (tick): 1 cron trigger of the account's 5" in comment
    assert "| worker `wakes` | asks for a wake in each due minute" in comment


ATTEMPTS = (
    WorkerAttempts("accepted", 1_433, datetime(2026, 11, 20, 15, tzinfo=UTC), 202),
    WorkerAttempts("exhausted", 1, datetime(2026, 11, 20, 8, tzinfo=UTC)),
    WorkerAttempts("failed", 7, datetime(2026, 11, 20, 9, tzinfo=UTC), 503, "down\nagain"),
)
LATENCY = WakeLatency(Latency(12, 0, 1, 4), Latency(10, 1, 2, 3))


def status(overdue: int | None) -> Status:
    """A status with a Worker."""
    worker = Worker("cloudflare/wakes", NOW, alone=True)
    return Status(
        generation="0" * 64,
        pointer=None,
        schedules=(),
        slots=(),
        worker=WorkerStatus(worker, "2026-11-20T15:00:02Z", overdue, LATENCY),
        latency=Latency(40, 1, 2, 9),
    )


def test_a_status_names_it_with_its_last_wake_and_how_late_runs_start() -> None:
    text = status_text(status(None), PLAIN)
    assert (
        "  cloudflare/wakes  last asked for a wake 2026-11-20T15:00:02Z\n"
        "    trigger to wake         min 0 s, median 1 s, p99 4 s (12 wakes)\n"
        "    wake to first start     min 1 s, median 2 s, p99 3 s (10 wakes)\n"
        "    nominal time to start   min 1 s, median 2 s, p99 9 s (40 runs)\n"
    ) in text
    assert "All is well." in text


def test_a_status_counts_what_the_worker_recorded_and_shows_the_newest_failure() -> None:
    found = status(None)
    assert found.worker is not None
    seen = replace(found, worker=replace(found.worker, attempts=ATTEMPTS))
    assert (
        "    requests of the last day: 1,433 accepted, 7 failed, 1 given up by the queue\n"
        "    newest failure: 2026-11-20T09:00:00Z failed HTTP 503: down again\n"
    ) in status_text(seen, PLAIN)
    assert status_json(seen)["worker"]["attempts"][2] == {
        "outcome": "failed",
        "number": 7,
        "last": "2026-11-20T09:00:00Z",
        "status": 503,
        "error": "down\nagain",
    }


def test_a_status_says_why_cloudflare_was_not_asked() -> None:
    found = status(None)
    assert found.worker is not None
    worker = replace(found.worker, unknown="CLOUDFLARE_API_TOKEN is not set")
    text = status_text(replace(found, worker=worker), PLAIN)
    assert "    not checked on Cloudflare: CLOUDFLARE_API_TOKEN is not set\n" in text


def test_a_status_names_an_overdue_one() -> None:
    late = status(NOW)
    assert not late.well
    text = status_text(late, PLAIN)
    assert "overdue since 2026-11-20T15:00Z" in text
    assert "Needs attention: cloudflare/wakes." in text
    assert status_json(late)["worker"] == {
        "source": "cloudflare/wakes",
        "last_wake": "2026-11-20T15:00:02Z",
        "overdue": "2026-11-20T15:00Z",
        "alone": True,
        "leaving": None,
        "latency": {
            "trigger_to_wake": {"wakes": 12, "least": 0, "median": 1, "p99": 4},
            "wake_to_start": {"wakes": 10, "least": 1, "median": 2, "p99": 3},
        },
        "attempts": None,
        "unknown": None,
    }
