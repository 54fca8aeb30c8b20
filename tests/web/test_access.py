"""The JWTs of Cloudflare Access: what is accepted, and every way in which one may be forged."""

from __future__ import annotations

import base64
import hmac
import json
from functools import cache
from hashlib import sha256
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from reconciler.manifest.web_settings import AccessSettings, WebSettings
from tests.plan.scenario import hourly
from tests.web.site import TestSite, problem

AUDIENCE = "a" * 64
ACCESS = AccessSettings(hostname="web.example", team="acme", audience=AUDIENCE)
KEYS = "https://acme.cloudflareaccess.com/cdn-cgi/access/certs"


@cache
def key(name: str) -> rsa.RSAPrivateKey:
    """A key that is made once."""
    assert name
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def key_set(*names: str) -> bytes:
    keys = [
        {**json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key(name).public_key())), "kid": name}
        for name in names
    ]
    return json.dumps({"keys": keys}).encode()


@pytest.fixture
def site() -> TestSite:
    site = TestSite()
    site.apply(*hourly("a"))
    site.serving = {
        "loopback": False,
        "https": True,
        "hosts": frozenset({"web.example"}),
        "web": WebSettings(access=ACCESS),
    }
    site.key_sets.contents[KEYS] = key_set("k1")
    return site


def claims(site: TestSite, **changed: Any) -> dict[str, Any]:
    now = int(site.world.clock.now().timestamp())
    found = {
        "iss": "https://acme.cloudflareaccess.com",
        "aud": [AUDIENCE],
        "email": "ada@example.com",
        "iat": now - 10,
        "exp": now + 600,
        **changed,
    }
    return {name: value for name, value in found.items() if value is not None}


def token(site: TestSite, name: str = "k1", **changed: Any) -> str:
    signing = key("k1" if name == "unknown" else name)
    return jwt.encode(claims(site, **changed), signing, "RS256", headers={"kid": name})


def ask(site: TestSite, sent: str, path: str = "/api/v1/status") -> httpx.Response:
    headers = {"host": "web.example", "Cf-Access-Jwt-Assertion": sent}
    return site.ask(path, token=None, headers=headers)


def test_a_person_whom_cloudflare_has_signed_in_may_read(site: TestSite) -> None:
    assert ask(site, token(site)).status_code == 200
    assert json.loads(site.logged[0])["by"] == "access:ada@example.com"


def test_and_may_change_nothing(site: TestSite) -> None:
    headers = {"host": "web.example", "Cf-Access-Jwt-Assertion": token(site)}
    answer = site.ask("/wake", "POST", token=None, headers=headers, json={})
    assert (answer.status_code, problem(answer)["title"]) == (403, "Scope")
    assert not site.caller.calls


@pytest.mark.parametrize(
    "changed",
    [
        {"exp": 0},
        {"exp": None},
        {"exp": "tomorrow"},
        {"iat": 4_000_000_000},
        {"iat": None},
        {"nbf": 4_000_000_000},
        {"aud": ["b" * 64]},
        {"aud": None},
        {"iss": "https://evil.cloudflareaccess.com"},
        {"iss": None},
    ],
)
def test_a_jwt_that_says_something_else_is_refused(site: TestSite, changed: dict[str, Any]) -> None:
    answer = ask(site, token(site, **changed))
    assert (answer.status_code, problem(answer)["title"]) == (401, "Access")


def test_it_expires(site: TestSite) -> None:
    sent = token(site)
    site.world.later(minutes=10, seconds=29)
    assert ask(site, sent).status_code == 200
    site.world.later(seconds=1)
    assert ask(site, sent).status_code == 401


def _unsigned(site: TestSite) -> str:
    return jwt.encode(claims(site), "", "none", headers={"kid": "k1"})


def _hmac_with_the_public_key(site: TestSite) -> str:
    pem = (
        key("k1")
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )

    def part(value: object) -> bytes:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")

    content = part({"alg": "HS256", "typ": "JWT", "kid": "k1"}) + b"." + part(claims(site))
    signature = hmac.new(pem, content, sha256).digest()
    return (content + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


def _altered(site: TestSite) -> str:
    head, _, signature = token(site).split(".")
    body = base64.urlsafe_b64encode(json.dumps(claims(site, email="eve")).encode()).rstrip(b"=")
    return f"{head}.{body.decode()}.{signature}"


def _of_another_key(site: TestSite) -> str:
    return jwt.encode(claims(site), key("evil"), "RS256", headers={"kid": "k1"})


def _with_a_key_of_its_own(site: TestSite) -> str:
    jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key("evil").public_key()))
    headers = {"kid": "k1", "jwk": jwk, "jku": "https://evil.example/keys"}
    return jwt.encode(claims(site), key("evil"), "RS256", headers=headers)


@pytest.mark.parametrize(
    "forge",
    [_unsigned, _hmac_with_the_public_key, _altered, _of_another_key, _with_a_key_of_its_own],
)
def test_a_forged_jwt_is_refused(site: TestSite, forge: Any) -> None:
    answer = ask(site, forge(site))
    assert (answer.status_code, problem(answer)["title"]) == (401, "Access")
    assert set(site.key_sets.fetched) <= {KEYS}, "no other place is asked for keys"


@pytest.mark.parametrize("sent", ["x", "a.b.c", "." * 9000, "e30.e30.", ""])
def test_what_is_no_jwt_is_refused(site: TestSite, sent: str) -> None:
    assert ask(site, sent).status_code == 401


def test_an_unknown_key_is_looked_for_at_most_once_a_minute(site: TestSite) -> None:
    ask(site, token(site))
    for _ in range(20):
        assert ask(site, token(site, "unknown")).status_code in (401, 429)
    assert len(site.key_sets.fetched) == 1
    site.world.later(minutes=1)
    for _ in range(20):
        ask(site, token(site, "unknown"))
    assert len(site.key_sets.fetched) == 2


def test_keys_that_cloudflare_has_rotated_are_found(site: TestSite) -> None:
    ask(site, token(site))
    site.key_sets.contents[KEYS] = key_set("k1", "k2")
    site.world.later(minutes=2)
    assert ask(site, token(site, "k2")).status_code == 200


def test_keys_that_cannot_be_fetched_are_503_and_others_still_get_in(site: TestSite) -> None:
    site.key_sets.contents.clear()
    assert ask(site, token(site)).status_code == 503
    site.world.later(minutes=2)
    answer = site.ask(
        "/api/v1/status",
        headers={"host": "web.example", "Cf-Access-Jwt-Assertion": token(site)},
    )
    assert answer.status_code == 200, "its bearer token is valid"


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"keys":[{"kty":"oct","k":"AA"}]}'])
def test_keys_that_are_none_let_no_request_in(site: TestSite, content: bytes) -> None:
    site.key_sets.contents[KEYS] = content
    assert ask(site, token(site)).status_code == 401
