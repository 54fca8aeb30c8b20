"""The Worker, on the Workers runtime, asks for wakes: signed, repeated and recorded."""

from __future__ import annotations

import hmac
import json
import random
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.cron import Timetable, instant, parse
from reconciler.deploy.cloudflare import TABLES, worker_modules
from reconciler.manifest.cloudflare_settings import Mode
from reconciler.plan.due_minutes import due_minutes
from reconciler.plan.worker_data import WorkerData
from tests.cron.oracle import random_expression
from tests.cron.strategies import ZONES
from tests.cron.strategies import timetables as any_timetable
from tests.node_fixture import NodeWorkers, Worker
from tests.receiver import Receiver, Turn, receiving

SECRET = b64encode(b"a key of twenty-four by.").decode()
MINUTE = timedelta(minutes=1)
NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
FIRST_DAY = NOON.toordinal() - datetime(1970, 1, 1, tzinfo=UTC).toordinal()
HOURLY = WorkerData(
    source="cloudflare",
    mode=Mode.TICK,
    alert_after=10,
    due=due_minutes([Timetable((parse("0 * * * *"),), "UTC")], FIRST_DAY, days=2),
)


@dataclass
class Stage:
    """Workers whose endpoint is a receiver."""

    of: NodeWorkers
    modal: Receiver
    started: list[Worker]

    def worker(
        self,
        data: WorkerData = HOURLY,
        *,
        d1: bool = True,
        queue: bool = True,
        **bindings: str,
    ) -> Worker:
        """A Worker with this data."""
        given = {"URL": self.modal.url, "KEY": f"whsec_{SECRET}", "DEAD_QUEUE": "dead", **bindings}
        worker = self.of.start(worker_modules(data), given, d1=d1, queue=queue)
        self.started.append(worker)
        for table in TABLES if d1 else ():
            worker.rows(table)
        return worker


@pytest.fixture
def stage(workers: NodeWorkers) -> Iterator[Stage]:
    """A receiver in place of the web endpoint on Modal."""
    with receiving() as modal:
        stage = Stage(workers, modal, [])
        yield stage
        for worker in stage.started:
            worker.stop()


def attempts(worker: Worker) -> list[tuple[Any, ...]]:
    """The attempts that D1 holds: id, number, outcome, status."""
    rows = worker.rows("SELECT id, attempt, outcome, status FROM attempts ORDER BY at, attempt")
    return [tuple(row.values()) for row in rows]


def test_a_due_minute_asks_for_a_wake(stage: Stage) -> None:
    worker = stage.worker()
    done = worker.tick(NOON)
    assert stage.modal.requests == [
        ("POST", "/wake", {"minute": "2026-12-01T12:00Z", "source": "cloudflare"})
    ]
    assert done == {"outcome": "ok", "noRetry": True, "sent": []}


def test_a_minute_in_which_nothing_is_due_asks_for_none(stage: Stage) -> None:
    worker = stage.worker()
    assert worker.tick(NOON + MINUTE)["outcome"] == "ok"
    assert stage.modal.requests == []


def test_the_body_is_signed_as_standard_webhooks_say(stage: Stage) -> None:
    stage.worker().tick(NOON)
    ((headers, body),) = stage.modal.posted
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    mac = hmac.digest(b64decode(SECRET), signed, "sha256")
    assert headers["webhook-signature"] == f"v1,{b64encode(mac).decode()}"
    assert int(headers["webhook-timestamp"]) == NOON.timestamp()


def test_it_says_when_it_was_triggered_also_when_the_queue_repeats_it(stage: Stage) -> None:
    worker = stage.worker()
    stage.modal.status = 503
    (sent,) = worker.tick(NOON)["sent"]
    worker.receive(NOON + MINUTE, "retry", [{"id": "m", "body": sent["body"], "attempts": 1}])
    assert [headers["triggered-at"] for headers, _body in stage.modal.posted] == [
        "2026-12-01T12:00:00.000Z"
    ] * 2


def test_a_tick_that_comes_twice_sends_the_same_message(stage: Stage) -> None:
    worker = stage.worker()
    worker.tick(NOON)
    worker.tick(NOON)
    (first, body), (second, again) = stage.modal.posted
    assert first["webhook-id"] == second["webhook-id"]
    assert body == again


def test_the_keys_of_modals_proxy_go_along_where_they_are_bound(stage: Stage) -> None:
    stage.worker(MODAL_KEY="wk-1", MODAL_SECRET="ws-1").tick(NOON)
    ((headers, _body),) = stage.modal.posted
    assert (headers["modal-key"], headers["modal-secret"]) == ("wk-1", "ws-1")


@pytest.mark.parametrize("days", [-1, 2, 400])
def test_outside_the_days_of_its_data_every_tick_asks(stage: Stage, days: int) -> None:
    stage.worker().tick(NOON + days * timedelta(days=1) + MINUTE)
    assert stage.modal.paths() == ["/wake"]


def test_a_failure_is_repeated_by_the_queue_under_the_same_id(stage: Stage) -> None:
    worker = stage.worker()
    stage.modal.status = 503
    (sent,) = worker.tick(NOON)["sent"]
    assert sent["delaySeconds"] == 30

    later = NOON + MINUTE
    message = {"id": "m", "body": sent["body"], "attempts": 1}
    done = worker.receive(later, "retry", [message])
    assert done["retryMessages"] == [{"msgId": "m", "delaySeconds": 60}]

    stage.modal.status = 202
    done = worker.receive(later, "retry", [message | {"attempts": 2}])
    assert done["explicitAcks"] == ["m"]
    first, second, third = stage.modal.posted
    assert first[1] == second[1] == third[1]
    assert first[0]["webhook-id"] == third[0]["webhook-id"]
    assert int(third[0]["webhook-timestamp"]) == later.timestamp()
    assert [row[1:] for row in attempts(worker)] == [
        (1, "failed", 503),
        (2, "failed", 503),
        (3, "accepted", 202),
    ]


def test_one_message_that_fails_does_not_repeat_the_others(stage: Stage) -> None:
    worker = stage.worker()
    stage.modal.turns.extend([Turn(503), Turn(202), Turn(503)])
    (sent,) = worker.tick(NOON)["sent"]
    messages = [{"id": name, "body": sent["body"], "attempts": 1} for name in ("good", "bad")]
    done = worker.receive(NOON, "retry", messages)
    assert done["explicitAcks"] == ["good"]
    assert [message["msgId"] for message in done["retryMessages"]] == ["bad"]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_a_refusal_is_recorded_and_not_repeated(stage: Stage, status: int) -> None:
    worker = stage.worker()
    stage.modal.status = status
    assert worker.tick(NOON)["sent"] == []
    assert [row[1:] for row in attempts(worker)] == [(1, "refused", status)]


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504])
def test_what_may_pass_is_repeated(stage: Stage, status: int) -> None:
    worker = stage.worker()
    stage.modal.status = status
    assert len(worker.tick(NOON)["sent"]) == 1


def test_a_redirect_is_modals_word_that_it_works_on_the_request(stage: Stage) -> None:
    worker = stage.worker()
    stage.modal.status = 303
    assert worker.tick(NOON)["sent"] == []
    assert stage.modal.paths() == ["/wake"]
    assert [row[1:] for row in attempts(worker)] == [(1, "accepted", 303)]


def test_a_message_that_the_queue_gave_up_is_recorded(stage: Stage) -> None:
    worker = stage.worker()
    stage.modal.status = 503
    (sent,) = worker.tick(NOON)["sent"]
    done = worker.receive(NOON, "dead", [{"id": "m", "body": sent["body"], "attempts": 1}])
    assert done["explicitAcks"] == ["m"]
    assert stage.modal.paths() == ["/wake"]
    assert attempts(worker)[-1][2] == "exhausted"


def test_a_tick_that_did_not_come_is_made_up_by_the_next(stage: Stage) -> None:
    worker = stage.worker()
    worker.tick(NOON - MINUTE)
    worker.tick(NOON + MINUTE)
    worker.tick(NOON + 2 * MINUTE)
    assert [body["minute"] for _, _, body in stage.modal.requests] == ["2026-12-01T12:00Z"]


def test_without_a_database_a_tick_that_did_not_come_stays_lost(stage: Stage) -> None:
    worker = stage.worker(d1=False)
    worker.tick(NOON - MINUTE)
    worker.tick(NOON + MINUTE)
    assert stage.modal.requests == []


def test_a_failure_that_no_queue_took_is_made_up_by_the_next_tick(stage: Stage) -> None:
    worker = stage.worker(queue=False)
    worker.tick(NOON - MINUTE)
    stage.modal.status = 503
    worker.tick(NOON)
    stage.modal.status = 202
    worker.tick(NOON + MINUTE)
    worker.tick(NOON + 2 * MINUTE)
    first, second = stage.modal.posted
    assert first[0]["webhook-id"] == second[0]["webhook-id"]


def test_a_queue_that_fails_is_as_none(stage: Stage) -> None:
    worker = stage.worker()
    worker.tick(NOON - MINUTE)
    stage.modal.status = 503
    assert worker.tick(NOON, broken=["queue"])["outcome"] == "ok"
    stage.modal.status = 202
    worker.tick(NOON + MINUTE)
    assert stage.modal.paths() == ["/wake", "/wake"]


def test_a_database_that_fails_changes_no_wake(stage: Stage) -> None:
    worker = stage.worker()
    for minutes in range(120):
        done = worker.tick(NOON + minutes * MINUTE, broken=["d1"])
        assert done["outcome"] == "ok"
    assert [body["minute"][11:] for _, _, body in stage.modal.requests] == ["12:00Z", "13:00Z"]


def test_a_database_that_always_fails_changes_no_request_and_no_outcome(stage: Stage) -> None:
    asked = []
    for broken in ([], ["d1"]):
        worker = stage.worker()
        stage.modal.turns.extend(Turn(status) for status in (202, 503, 401, 303, 503))
        done = [worker.tick(NOON + timedelta(hours=hours), broken=broken) for hours in range(-2, 3)]
        sent = [stage.modal.posted.pop(0)[1] for _ in range(5)]
        asked.append((sent, done))
    healthy, failing = asked
    assert healthy == failing
    assert [len(one["sent"]) for one in failing[1]] == [0, 1, 0, 0, 1]


def test_old_attempts_are_deleted(stage: Stage) -> None:
    worker = stage.worker()
    worker.tick(NOON)
    worker.tick(NOON + timedelta(days=29))
    assert len(attempts(worker)) == 2
    worker.tick(NOON + timedelta(days=30, minutes=1))
    assert len(attempts(worker)) == 2


def test_the_recipients_are_notified_once_when_modal_is_silent_for_long(stage: Stage) -> None:
    with receiving() as chat:
        worker = stage.worker(RECIPIENTS=json.dumps([chat.url]))
        stage.modal.status = 503
        for hours in range(4):
            worker.tick(NOON + timedelta(hours=hours))
        assert [body["event"] for _, _, body in chat.requests] == ["failed"]
        assert "no wake of cloudflare since 2026-12-01T12:00Z" in chat.texts()[0]
        stage.modal.status = 202
        worker.tick(NOON + timedelta(hours=4))
        worker.tick(NOON + timedelta(hours=5))
        assert [body["event"] for _, _, body in chat.requests] == ["failed", "resolved"]


def test_a_recipient_that_fails_changes_no_wake(stage: Stage) -> None:
    worker = stage.worker(RECIPIENTS='["http://127.0.0.1:9/"]')
    stage.modal.status = 503
    worker.tick(NOON)
    assert worker.tick(NOON + timedelta(hours=1))["outcome"] == "ok"


TRIGGERED = replace(
    HOURLY,
    mode=Mode.TRIGGERS,
    due=None,
    crons={"0 9 * * MON-FRI": ["report", "sync"], "*/5 * * * *": ["poll"]},
)


def test_a_trigger_names_its_schedules(stage: Stage) -> None:
    stage.worker(TRIGGERED).tick(NOON, "0 9 * * MON-FRI")
    job = {"triggered_at": "2026-12-01T12:00Z", "cron": "0 9 * * MON-FRI"}
    assert stage.modal.requests == [
        (
            "POST",
            "/trigger",
            {
                "jobs": [{"job": "report", **job}, {"job": "sync", **job}],
                "source": "cloudflare",
            },
        )
    ]


def test_two_triggers_of_one_minute_are_two_messages(stage: Stage) -> None:
    worker = stage.worker(TRIGGERED)
    worker.tick(NOON, "0 9 * * MON-FRI")
    worker.tick(NOON, "*/5 * * * *")
    first, second = (headers["webhook-id"] for headers, _body in stage.modal.posted)
    assert first != second


def test_a_trigger_whose_text_is_unknown_asks_for_a_wake(stage: Stage) -> None:
    stage.worker(TRIGGERED).tick(NOON, "0 9 * * 2-6")
    assert stage.modal.paths() == ["/wake"]


def test_a_day_with_changed_clocks_has_a_wake_in_each_due_minute(stage: Stage) -> None:
    timetables = [
        Timetable((parse(cron),), zone)
        for cron, zone in [
            ("30 2 * * *", "Europe/Berlin"),
            ("*/20 1-3 * * *", "Europe/Berlin"),
            ("0 9 * * SUN", "America/New_York"),
            ("15 0 25 10 *", "Asia/Kathmandu"),
        ]
    ]
    # The clocks of Berlin go back on this day.
    day = datetime(2026, 10, 25, tzinfo=UTC)
    first = day.toordinal() - datetime(1970, 1, 1, tzinfo=UTC).toordinal()
    worker = stage.worker(replace(HOURLY, due=due_minutes(timetables, first, days=1)), d1=False)
    for minutes in range(1440):
        worker.tick(day + minutes * MINUTE)
    midnight = first * 1440
    due = sorted({at for each in timetables for at in each.between(midnight - 1, midnight + 1439)})
    assert [body["minute"] for _, _, body in stage.modal.requests] == [
        f"{instant(at):%Y-%m-%dT%H:%MZ}" for at in due
    ]


def test_the_code_is_small_and_the_data_of_many_schedules_fits_the_free_plan() -> None:
    chosen = random.Random(20261201)
    timetables = [
        Timetable((parse(random_expression(chosen)),), chosen.choice(ZONES)) for _ in range(10_000)
    ]
    modules = worker_modules(replace(HOURLY, due=due_minutes(timetables, FIRST_DAY)))
    assert len(modules["worker.js"].encode()) <= 10 * 1024
    assert len(modules["data.js"].encode()) <= 3_000_000


@given(st.lists(any_timetable, min_size=1, max_size=4), st.sampled_from([None, 7, 60]))
def test_the_data_holds_each_due_minute_and_no_other(
    chosen: list[Timetable], resolution: int | None
) -> None:
    data = due_minutes(chosen, FIRST_DAY, days=3, resolution=resolution)
    for day in range(FIRST_DAY, FIRST_DAY + 3):
        bits = b64decode(data.minutes[data.days[day - FIRST_DAY]])
        for at in range(1440):
            due = any(each.matches(day * 1440 + at) for each in chosen)
            looked = resolution is not None and at % resolution == 0
            assert bool(bits[at // 8] >> 7 - at % 8 & 1) == (due or looked)
