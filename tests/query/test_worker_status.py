"""What a status says of the Worker on Cloudflare: its latency, its log, and what others changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from reconciler.manifest.cloudflare_settings import CloudflareSettings, Mode
from reconciler.manifest.web_settings import WebSettings
from reconciler.model.runs_file import format_time
from reconciler.plan.state import SeenWorker, WorkerAttempts
from tests.deploy.scenario import World
from tests.plan.scenario import hourly
from tests.web.site import TestSite, wake_log

WORKER = CloudflareSettings(account="0" * 32, worker="wakes")
UNKNOWN = "CLOUDFLARE_API_TOKEN is not set"


@pytest.fixture
def site() -> TestSite:
    """A Worker was applied."""
    return applied(WORKER)


def applied(worker: CloudflareSettings) -> TestSite:
    """This Worker was applied."""
    site = TestSite(settings={"cloudflare": worker, "web": WebSettings(auth="reconcile-web")})
    site.apply(*hourly("sync"))
    return site


def shown(site: TestSite) -> dict[str, Any]:
    """The status."""
    answer = site.ask("/api/v1/status")
    assert answer.status_code == 200
    document: dict[str, Any] = answer.json()
    return document


def test_a_worker_as_it_was_applied_is_well(site: TestSite) -> None:
    status = shown(site)
    assert status["well"]
    assert status["worker"]["attempts"] == []
    assert status["worker"]["unknown"] is None


def test_the_attempts_of_the_last_day_are_counted(site: TestSite) -> None:
    now = site.world.clock.time
    site.world.workers.attempts = (
        WorkerAttempts("accepted", 30, now - timedelta(hours=1), 202),
        WorkerAttempts("failed", 2, now - timedelta(hours=25), 503, "down"),
    )
    assert shown(site)["worker"]["attempts"] == [
        {
            "outcome": "accepted",
            "number": 30,
            "last": format_time(now - timedelta(hours=1)),
            "status": 202,
            "error": "",
        }
    ]


def test_an_account_that_does_not_answer_is_named_and_is_no_finding(site: TestSite) -> None:
    site.world.workers.unknown = UNKNOWN
    status = shown(site)
    assert status["worker"]["unknown"] == UNKNOWN
    assert status["worker"]["attempts"] is None
    assert status["well"]


@pytest.mark.parametrize(
    ("mode", "change", "reason"),
    [
        (Mode.TICK, lambda world: world.workers.tags.clear(), "is no longer deployed"),
        (
            Mode.TICK,
            lambda world: world.workers.crons.clear(),
            "its cron triggers are none, applied was * * * * *",
        ),
        (
            Mode.TICK,
            lambda world: world.workers.crons.update(wakes=("0 * * * *",)),
            "its cron triggers are 0 * * * *, applied was * * * * *",
        ),
        (
            Mode.TRIGGERS,
            lambda world: world.workers.tags.update(wakes=("reconciler-digest-other",)),
            "differs from what was applied",
        ),
    ],
)
def test_what_others_changed_of_it_needs_attention(
    mode: Mode, change: Callable[[World], object], reason: str
) -> None:
    site = applied(replace(WORKER, mode=mode))
    change(site.world)
    status = shown(site)
    assert not status["well"]
    assert status["deployment"] == [
        {
            "what": "worker wakes",
            "reason": reason,
            "remedy": "Run reconcile, which repairs it.",
        }
    ]


def test_a_worker_that_retires_is_not_asked_about(site: TestSite) -> None:
    site.settings["cloudflare"] = None
    site.apply(*hourly("sync"))
    site.world.workers.tags.clear()
    status = shown(site)
    assert status["worker"]["leaving"] is not None
    assert status["deployment"] == []


def test_a_cloudflare_that_is_slow_does_not_hold_up_the_status(
    site: TestSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def look(*_: object) -> SeenWorker:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr("reconciler.query.live.CLOUDFLARE_ANSWERS", 0.01)
    monkeypatch.setattr(site.world.workers, "look", look)
    assert shown(site)["worker"]["unknown"] == "Cloudflare did not answer within 0.01 s"


def test_the_latency_is_of_the_wakes_that_it_asked_for(site: TestSite) -> None:
    now = site.world.clock.time
    log = replace(
        wake_log(format_time(now + timedelta(seconds=2))),
        source="cloudflare/wakes",
        triggered=format_time(now),
        first_start=400,
    )
    site.write(log)
    site.write(replace(log, source="token:ci", wake="fc-other"))
    assert shown(site)["worker"]["latency"] == {
        "trigger_to_wake": {"wakes": 1, "least": 2.0, "median": 2.0, "p99": 2.0},
        "wake_to_start": {"wakes": 1, "least": 0.4, "median": 0.4, "p99": 0.4},
    }
