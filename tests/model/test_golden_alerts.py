"""What alerts and pings added to the files of their formats is read for ever, as the rest is."""

from __future__ import annotations

import json
from pathlib import Path

from reconciler.alerts import Address, AlertRule, Alerts, BodyFormat, Recipient
from reconciler.cron import minute
from reconciler.model.cursor import Cursor
from reconciler.model.outbox import NotificationKind, Sending, SendingState
from reconciler.model.runs_file import decode_wake_log
from reconciler.model.stored_generation import decode_generation
from tests.dispatch.scenario import at

GOLDEN = Path(__file__).parent / "golden"


def test_the_generation() -> None:
    content = (GOLDEN / "format-2" / "generation-alerts.jsonl").read_bytes()
    generation = decode_generation(content, "golden")
    to = (Recipient(Address(secret="alerting", key="SLACK_URL")),)
    assert generation.alerts == Alerts(AlertRule(failures=1, missed=True, to=to), overdue=False)
    assert generation.environment == "production"
    assert generation.slots_since == {"poller": minute(at("08:30"))}
    paged, pinged = generation.records
    pager = Recipient(Address(url="https://pager.example/in"), BodyFormat.JSON)
    assert paged.alerts == AlertRule(failures=3, missed=False, to=(pager,))
    assert paged.ping == Address(secret="pings", key="PAGED")
    assert pinged.alerts == AlertRule(failures=None, to=())
    assert pinged.ping == Address(url="https://hc-ping.example/uuid")


def test_the_cursor() -> None:
    content = (GOLDEN / "format-1" / "cursor-notices.json").read_text()
    outbox = Cursor.from_json(json.loads(content)).outbox
    assert outbox.streaks == {"plain": ("2026-11-20T08:00Z", "2026-11-20T09:00Z")}
    failures, ping = outbox.notifications.values()
    assert (failures.kind, failures.id) == (
        NotificationKind.FAILURES,
        "failures/plain@2026-11-20T09:00Z",
    )
    assert (failures.count, failures.since, failures.reason) == (
        2,
        "2026-11-20T08:00Z",
        "ValueError: no",
    )
    assert (ping.id, ping.count) == ("ping-fail/plain@2026-11-20T09:00Z", 1)


def test_the_cursor_with_the_misses_that_were_counted() -> None:
    content = (GOLDEN / "format-1" / "cursor-misses.json").read_text()
    cursor = Cursor.from_json(json.loads(content))
    (notification,) = cursor.outbox.notifications.values()
    nine, ten = minute(at("09:00")), minute(at("10:00"))
    assert (notification.id, notification.times) == ("missed/plain@2026-11-20T10:00Z", (nine, ten))
    assert cursor.outbox.misses == {"plain": (nine, ten)}
    assert cursor.to_json() == json.loads(content)


def test_a_wakes_file() -> None:
    log = decode_wake_log((GOLDEN / "format-1" / "run-told.jsonl").read_bytes(), "golden")
    assert log.sendings == (
        Sending(
            "failures/plain@2026-11-20T09:00Z",
            "https://hooks.slack.com/…",
            SendingState.FAILED,
            "it answered 500",
        ),
        Sending("ping-fail/plain@2026-11-20T09:00Z", "Secret pings, key PAGED", SendingState.SENT),
    )


def test_files_from_before_there_were_alerts_name_no_recipient() -> None:
    old = GOLDEN / "format-1"
    assert decode_generation((old / "generation.jsonl").read_bytes(), "golden").alerts is None
    outbox = Cursor.from_json(json.loads((old / "cursor.json").read_text())).outbox
    assert (outbox.streaks, outbox.notifications) == ({}, {})
    assert decode_wake_log((old / "run.jsonl").read_bytes(), "golden").sendings == ()
