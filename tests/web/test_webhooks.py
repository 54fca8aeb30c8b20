"""Signed messages: what is accepted, and every way in which one may be forged or repeated."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from standardwebhooks.webhooks import Webhook

from reconciler.web.auth.credentials import credentials_of
from reconciler.web.auth.webhooks import sign
from tests.plan.scenario import hourly
from tests.web.site import TestSite, problem

OLD, NEW = b"o" * 32, b"n" * 32
SECRET = {
    "WEB_WEBHOOK_OLD": f"wake,trigger,jobs whsec_{base64.b64encode(OLD).decode()}",
    "WEB_WEBHOOK_NEW": f"wake,trigger,jobs whsec_{base64.b64encode(NEW).decode()}",
    "WEB_WEBHOOK_WAKES": f"wake whsec_{base64.b64encode(b'w' * 32).decode()}",
}
WAKE = b'{"minute":"2026-11-20T15:00Z","source":"cloudflare"}'


@pytest.fixture
def site() -> TestSite:
    site = TestSite()
    site.apply(*hourly("a"))
    site.serving = {
        "loopback": False,
        "https": True,
        "hosts": frozenset({"web.example"}),
        "credentials": credentials_of(SECRET),
    }
    return site


def send(
    site: TestSite,
    body: bytes = WAKE,
    *,
    path: str = "/wake",
    key: bytes = OLD,
    message: str = "msg_1",
    seconds: int = 0,
    **changed: str | None,
) -> httpx.Response:
    """Send a message that was signed ``seconds`` from now.

    Args:
        changed: headers, with ``_`` for ``-``, that an attacker has changed; None to leave one out.
    """
    timestamp = int(site.world.clock.now().timestamp()) + seconds
    headers: dict[str, str | None] = {
        "host": "web.example",
        "content-type": "application/json",
        "webhook-id": message,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(key, message, timestamp, body),
        **{name.replace("_", "-"): value for name, value in changed.items()},
    }
    sent = {name: value for name, value in headers.items() if value is not None}
    return site.ask(path, "POST", token=None, headers=sent, content=changed.pop("body", body))


def wakes(site: TestSite) -> int:
    return len(site.caller.calls)


def refused(site: TestSite, answer: httpx.Response, status: int, kind: str) -> None:
    assert (answer.status_code, problem(answer)["type"]) == (
        status,
        f"urn:reconcile:problem:{kind}",
    )
    assert not wakes(site), "refused before anything is started"
    assert not [key for key in site.world.claims.entries if key.startswith("web-request")]


def test_a_message_that_is_signed_with_one_of_the_keys_is_accepted(site: TestSite) -> None:
    assert send(site, key=OLD, message="m1").status_code == 202
    assert send(site, key=NEW, message="m2").status_code == 202, "while keys rotate both are valid"
    assert json.loads(site.logged[0])["by"] == "webhook:old"


def test_the_library_of_the_standard_signs_what_is_accepted(site: TestSite) -> None:
    now = datetime.now(UTC)
    site.world.clock.time = now
    signature = Webhook(base64.b64encode(OLD).decode()).sign("msg_1", now, WAKE.decode())
    assert send(site, webhook_signature=signature).status_code == 202


def test_one_of_several_signatures_suffices(site: TestSite) -> None:
    now = int(site.world.clock.now().timestamp())
    other = sign(b"x" * 32, "msg_1", now, WAKE)
    both = f"v1a,AAAA {other} {sign(NEW, 'msg_1', now, WAKE)}"
    assert send(site, webhook_signature=both).status_code == 202


@pytest.mark.parametrize("seconds", [-300, 300])
def test_a_clock_may_be_five_minutes_wrong(site: TestSite, seconds: int) -> None:
    assert send(site, seconds=seconds).status_code == 202


@pytest.mark.parametrize("seconds", [-301, 301, -86_400])
def test_outside_of_that_a_message_is_refused(site: TestSite, seconds: int) -> None:
    refused(site, send(site, seconds=seconds), 401, "timestamp")


def test_a_message_that_is_repeated_gets_the_first_answer_and_starts_nothing(
    site: TestSite,
) -> None:
    first, again = send(site), send(site)
    assert (first.json(), first.status_code) == (again.json(), again.status_code)
    assert again.headers["idempotent-replayed"] == "true"
    assert wakes(site) == 1


def test_it_is_the_same_message_whichever_key_signed_it(site: TestSite) -> None:
    send(site, key=OLD)
    assert send(site, key=NEW).headers["idempotent-replayed"] == "true"


def test_a_message_that_is_repeated_later_is_refused(site: TestSite) -> None:
    send(site, message="m1")
    site.world.later(seconds=301)
    answer = send(site, message="m1", seconds=-301)
    assert (answer.status_code, problem(answer)["title"]) == (401, "Timestamp")
    assert wakes(site) == 1


def test_the_same_id_with_another_body_is_422(site: TestSite) -> None:
    send(site)
    answer = send(site, b'{"minute":"2026-11-20T15:01Z"}')
    assert (answer.status_code, wakes(site)) == (422, 1)


def test_a_message_that_was_meant_for_another_route_is_422(site: TestSite) -> None:
    assert send(site, b'{"job":"a","minute":"2026-11-20T15:00Z"}').status_code == 202
    answer = send(site, b'{"job":"a","minute":"2026-11-20T15:00Z"}', path="/trigger")
    assert (answer.status_code, wakes(site)) == (422, 1)
    answer = send(site, b"{}", message="m2", path="/api/v1/jobs/shop/sync")
    assert answer.status_code == 202
    answer = send(site, b"{}", message="m2")
    assert (answer.status_code, wakes(site)) == (422, 2)


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook_id": "msg_2"},
        {"webhook_id": ""},
        {"webhook_id": "x" * 201},
        {"webhook_id": "a b"},
        {"webhook_timestamp": "1763650801"},
        {"webhook_timestamp": "-1"},
        {"webhook_timestamp": "9" * 400},
        {"webhook_timestamp": "1763650800.0"},
        {"webhook_timestamp": None},
        {"webhook_id": None},
        {"webhook_signature": ""},
        {"webhook_signature": "v1,"},
        {"webhook_signature": "v1,not-base64!"},
        {"webhook_signature": "v2,AAAA"},
        {"webhook_signature": "v1,AAAA " * 1000},
    ],
)
def test_a_message_with_a_header_that_was_changed_is_refused(
    site: TestSite, changed: dict[str, Any]
) -> None:
    refused(site, send(site, **changed), 401, "signature")


def test_a_message_without_a_signature_is_refused(site: TestSite) -> None:
    refused(site, send(site, webhook_signature=None), 401, "no-credentials")


def test_a_message_whose_body_was_changed_is_refused(site: TestSite) -> None:
    timestamp = int(site.world.clock.now().timestamp())
    signature = sign(OLD, "msg_1", timestamp, WAKE)
    refused(site, send(site, WAKE + b" ", webhook_signature=signature), 401, "signature")


def test_a_message_that_another_key_signed_is_refused(site: TestSite) -> None:
    refused(site, send(site, key=b"x" * 32), 401, "signature")


def test_a_key_that_was_taken_out_signs_nothing_any_more(site: TestSite) -> None:
    del (rotated := dict(SECRET))["WEB_WEBHOOK_OLD"]
    site.serving["credentials"] = credentials_of(rotated)
    refused(site, send(site, key=OLD), 401, "signature")
    assert send(site, key=NEW).status_code == 202


def test_a_key_does_what_its_scopes_say(site: TestSite) -> None:
    refused(site, send(site, b'{"job":"a"}', path="/trigger", key=b"w" * 32), 403, "scope")
    assert send(site, key=b"w" * 32).status_code == 202


@pytest.mark.parametrize("path", ["/submit?data=x", "/api/v1/status"])
def test_where_more_than_the_body_says_what_to_do_no_signature_is_accepted(
    site: TestSite, path: str
) -> None:
    method = "GET" if "status" in path else "POST"
    now = int(site.world.clock.now().timestamp())
    headers = {
        "host": "web.example",
        "webhook-id": "m",
        "webhook-timestamp": str(now),
        "webhook-signature": sign(OLD, "m", now, b""),
    }
    answer = site.ask(path, method, token=None, headers=headers)
    refused(site, answer, 401, "no-credentials")


def test_every_key_is_compared_in_constant_time(
    site: TestSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counts the comparisons: neither a right key nor its place changes their number."""
    import hmac

    counted: list[bool] = []
    real = hmac.compare_digest

    def counting(one: Any, other: Any) -> bool:
        counted.append(real(one, other))
        return counted[-1]

    monkeypatch.setattr("hmac.compare_digest", counting)
    numbers = set()
    for number, key in enumerate((OLD, NEW, b"x" * 32)):
        counted.clear()
        send(site, key=key, message=f"m{number}")
        numbers.add(len(counted))
    assert numbers == {len(SECRET)}
