"""Tokens with scopes, limits, and what is refused before any work."""

from __future__ import annotations

import asyncio
import base64
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.cli.main import call
from reconciler.cli.options.dashboard import SCOPES
from reconciler.dispatch.adapters.in_memory import FakeClock
from reconciler.web.auth.credentials import (
    CredentialsError,
    credentials_of,
    new_token,
    token_entry,
)
from reconciler.web.auth.principal import Scope
from reconciler.web.limits import Rate, TokenBuckets
from reconciler.web.refusals import KEY, counts_of
from tests.dispatch.scenario import at
from tests.plan.scenario import hourly
from tests.web.site import ORIGIN, TOKEN, Sent, TestSite, problem

DEPLOYED: dict[str, Any] = {
    "loopback": False,
    "https": True,
    "hosts": frozenset({"web.example"}),
}
HOST = {"host": "web.example"}


@pytest.fixture
def site() -> TestSite:
    site = TestSite()
    site.apply(*hourly("a"))
    return site


def with_tokens(site: TestSite, **scopes: list[Scope]) -> dict[str, str]:
    """Serve it with these tokens; returns them by name."""
    tokens = {name: new_token() for name in scopes}
    secret = dict(token_entry(name, tokens[name], scopes[name]) for name in scopes)
    site.serving = {**DEPLOYED, "credentials": credentials_of(secret)}
    return tokens


def test_a_token_does_what_its_scopes_say(site: TestSite) -> None:
    tokens = with_tokens(site, reader=[Scope.READ], worker=[Scope.WAKE, Scope.TRIGGER])
    for path, method, reader, worker in (
        ("/api/v1/status", "GET", 200, 403),
        ("/wake", "POST", 403, 202),
        ("/api/v1/jobs/shop/sync", "POST", 403, 403),
        ("/result/fc-1", "GET", 403, 403),
    ):
        for name, status in (("reader", reader), ("worker", worker)):
            given_body: dict[str, Any] = {"json": {}} if method == "POST" else {}
            answer = site.ask(path, method, token=tokens[name], headers=HOST, **given_body)
            assert answer.status_code == status, (path, name)
    assert problem(answer)["remedy"].endswith("This one has: trigger, wake.")


def test_the_secret_holds_no_token(site: TestSite) -> None:
    token = new_token()
    key, value = token_entry("my grafana", token, [Scope.READ])
    assert key == "WEB_TOKEN_MY_GRAFANA"
    assert value == f"read sha256:{sha256(token.encode()).hexdigest()}"


def test_the_command_line_knows_every_scope() -> None:
    assert set(SCOPES) == {str(scope) for scope in Scope}


@pytest.mark.parametrize("webhook", [False, True])
def test_the_command_makes_what_the_secret_accepts(
    capsys: pytest.CaptureFixture[str], webhook: bool
) -> None:
    options = ["--webhook"] if webhook else []
    assert (
        call(["dashboard", "token", "my app", "--scope", "read", "--scope", "jobs", *options]) == 0
    )
    made, entry = (line.partition(": ")[2] for line in capsys.readouterr().out.splitlines())
    key, _, value = entry.partition("=")
    found = credentials_of({key: value})
    if webhook:
        (one,) = found.webhook_keys
        assert made.encode() == b"whsec_" + base64.b64encode(one.key)
    else:
        token = found.token(made)
        assert token is not None
        assert token.name == "my_app"
        assert token.scopes == {Scope.READ, Scope.JOBS}
        assert made not in entry


def test_two_tokens_are_valid_while_one_replaces_the_other(site: TestSite) -> None:
    tokens = with_tokens(site, old=[Scope.READ], new=[Scope.READ])
    for token in tokens.values():
        assert site.ask("/api/v1/status", token=token, headers=HOST).status_code == 200


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        "Basic dXNlcjpwYXNz",
        "bearer\tx",
        "Bearer " + "x" * 9000,
    ],
)
def test_a_wrong_token_is_401_with_a_challenge(site: TestSite, header: str) -> None:
    answer = site.ask("/api/v1/status", token=None, headers={"Authorization": header})
    assert (answer.status_code, problem(answer)["title"]) == (401, "Token")
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_every_token_is_compared_in_constant_time(
    site: TestSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    import hmac

    tokens = with_tokens(site, a=[Scope.READ], b=[Scope.READ], c=[Scope.READ])
    counted: list[bool] = []
    real = hmac.compare_digest

    def counting(one: Any, other: Any) -> bool:
        counted.append(real(one, other))
        return counted[-1]

    monkeypatch.setattr("hmac.compare_digest", counting)
    numbers = []
    for token in (tokens["a"], tokens["c"], "wrong"):
        counted.clear()
        site.ask("/api/v1/status", token=token, headers=HOST)
        numbers.append(len(counted))
    assert numbers == [3, 3, 3]


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("WEB_TOKEN_A", "read", "the SHA-256 of a token is expected"),
        ("WEB_TOKEN_A", "read secret-token", "the SHA-256 of a token is expected"),
        ("WEB_TOKEN_A", f"reed sha256:{'0' * 64}", "Did you mean read?"),
        ("WEB_TOKEN_A", f" sha256:{'0' * 64}", "the SHA-256 of a token is expected"),
        ("WEB_WEBHOOK_A", "wake whsec_AAAA", "at least 24 bytes"),
        ("WEB_WEBHOOK_A", "wake AAAA", "at least 24 bytes"),
        ("WEB_COOKIE_KEY", "short", "at least 32 random characters"),
    ],
)
def test_a_wrong_entry_of_the_secret_is_named_and_not_shown(
    key: str, value: str, says: str
) -> None:
    with pytest.raises(CredentialsError) as error:
        credentials_of({key: value})
    assert says in str(error.value)
    assert str(error.value).startswith(key)
    assert "secret-token" not in str(error.value)


def test_wrong_credentials_are_answered_slower_and_slower_and_right_ones_always(
    site: TestSite,
) -> None:
    answers = [site.ask("/api/v1/status", token=f"wrong {n}") for n in range(12)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429] * 2
    assert int(answers[-1].headers["retry-after"]) <= 6
    assert site.ask("/api/v1/status").status_code == 200
    site.world.later(seconds=6)
    assert site.ask("/api/v1/status", token="wrong").status_code == 401


def test_a_credential_may_not_ask_for_ever(site: TestSite) -> None:
    one: Sent = ("/api/v1/jobs/none", "GET", TOKEN, {}, {})
    statuses = [answer.status_code for answer in site.ask_all([one] * 510)]
    assert statuses.count(404) == 500
    assert statuses.count(429) == 10
    site.world.later(seconds=1)
    assert site.ask("/api/v1/jobs/none").status_code == 404


@given(st.lists(st.tuples(st.floats(-5, 5), st.integers(1, 5)), max_size=30))
def test_in_any_time_a_sender_takes_no_more_than_its_bucket_gives(
    steps: list[tuple[float, int]],
) -> None:
    from datetime import timedelta

    clock = FakeClock(at("09:00"))
    buckets = TokenBuckets(Rate(burst=3, every=2.0), clock)
    taken, forward = 0, 0.0
    for seconds, times in steps:
        clock.time += timedelta(seconds=seconds)
        forward += max(0.0, seconds)
        taken += sum(buckets.take("one") is None for _ in range(times))
    assert taken <= 3 + forward / 2.0 + 1e-6


class TestBodies:
    """Bodies that are too large, too slow, or break off."""

    def test_an_announced_length_is_refused_before_the_body(self, site: TestSite) -> None:
        headers = {"Content-Length": str(300_000), "Content-Type": "application/json"}
        answer = site.ask("/wake", "POST", headers=headers, content=b"{}")
        assert (answer.status_code, problem(answer)["title"]) == (413, "Body too large")

    def test_a_body_that_grows_is_cut_off(self, site: TestSite) -> None:
        async def endless() -> Any:
            while True:
                yield b" " * 65_536

        headers = {"Content-Type": "application/json"}
        answer = site.ask("/wake", "POST", headers=headers, content=endless())
        assert answer.status_code == 413

    def test_a_body_that_does_not_come_is_not_waited_for(self, site: TestSite) -> None:
        site.serving = {"body_seconds": 0.01}

        async def slow() -> Any:
            yield b"{"
            await asyncio.Event().wait()

        headers = {"Content-Type": "application/json"}
        answer = site.ask("/wake", "POST", headers=headers, content=slow())
        assert (answer.status_code, problem(answer)["title"]) == (408, "Slow body")
        assert not site.caller.calls


class TestPagesOfOthers:
    """What a page of another site can make a browser send."""

    @pytest.fixture
    def cookie(self, site: TestSite) -> dict[str, str]:
        answer = site.ask(f"/sign-in?token={TOKEN}", token=None)
        return {"Cookie": answer.headers["set-cookie"].partition(";")[0]}

    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({"Origin": "https://evil.example", "Content-Type": "application/json"}, 403),
            ({"Origin": "null", "Content-Type": "application/json"}, 403),
            ({"Origin": ORIGIN, "Content-Type": "text/plain"}, 415),
            ({"Origin": ORIGIN}, 415),
            ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
            ({"Origin": ORIGIN, "Content-Type": "application/json"}, 202),
        ],
    )
    def test_a_session_changes_something_only_from_its_own_page(
        self, site: TestSite, cookie: dict[str, str], headers: dict[str, str], status: int
    ) -> None:
        answer = site.ask("/wake", "POST", token=None, headers={**cookie, **headers}, content=b"{}")
        assert answer.status_code == status
        assert bool(site.caller.calls) is (status == 202)

    def test_on_this_machine_a_foreign_origin_is_refused_with_any_credential(
        self, site: TestSite
    ) -> None:
        answer = site.ask("/wake", "POST", headers={"Origin": "https://evil.example"}, json={})
        assert (answer.status_code, bool(site.caller.calls)) == (403, False)

    def test_no_answer_can_be_read_by_another_site(self, site: TestSite) -> None:
        answer = site.ask("/api/v1/status", headers={"Origin": "https://evil.example"})
        assert not [name for name in answer.headers if name.startswith("access-control")]


class TestRefusals:
    """Refusals are counted, per reason and hour, and never written one by one."""

    def test_they_are_written_once_a_minute_in_one_entry(self, site: TestSite) -> None:
        for _ in range(5):
            site.ask("/api/v1/status", token=None)
        writes = counts_of(site.world.claims.entries.get(KEY))
        assert sum(writes.values()) == 1, "the first at once, the others within the minute"
        site.world.later(minutes=1)
        site.ask("/api/v1/status")
        counted = counts_of(site.world.claims.entries[KEY])
        assert counted == {("2026-11-20T15Z", "no-credentials"): 5}

    def test_the_entry_stays_small_whatever_is_sent(self, site: TestSite) -> None:
        for hour in range(60):
            site.ask(f"/none-{hour}", token=None)
            site.ask("/api/v1/status", headers={"Host": f"h{hour}"})
            site.world.later(hours=1)
        site.ask("/api/v1/status")
        counted = counts_of(site.world.claims.entries[KEY])
        assert len({hour for hour, _ in counted}) <= 49
        assert {reason for _, reason in counted} == {"host", "other"}

    def test_what_cannot_be_written_is_kept(
        self, site: TestSite, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from reconciler.dispatch.answers import UnavailableError

        async def silent(*_given: object) -> None:
            raise UnavailableError

        with monkeypatch.context() as patched:
            patched.setattr(site.world.claims, "put", silent)
            site.ask("/api/v1/status", token=None)
        site.world.later(minutes=1)
        site.ask("/api/v1/status")
        assert sum(counts_of(site.world.claims.entries[KEY]).values()) == 1
