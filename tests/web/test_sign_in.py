"""People sign in with a token, and are signed out again."""

from __future__ import annotations

import httpx
import pytest

from reconciler.web.auth.credentials import credentials_of, token_entry
from reconciler.web.auth.principal import Scope
from tests.plan.scenario import hourly
from tests.web.site import ORIGIN, TOKEN, TestSite

FORM = {"Content-Type": "application/x-www-form-urlencoded", "Origin": ORIGIN}


@pytest.fixture
def site() -> TestSite:
    site = TestSite()
    site.apply(*hourly("a"))
    return site


def sign_in(site: TestSite, token: str) -> httpx.Response:
    return site.ask("/sign-in", "POST", token=None, headers=FORM, data={"token": token})


def cookie(answer: httpx.Response) -> dict[str, str]:
    return {"Cookie": answer.headers["set-cookie"].partition(";")[0]}


def test_the_url_that_is_opened_signs_in_and_hides_its_token(site: TestSite) -> None:
    answer = site.ask(f"/sign-in?token={TOKEN}", token=None)
    assert (answer.status_code, "token" in answer.headers["location"]) == (303, False)
    assert site.ask("/api/v1/status", token=None, headers=cookie(answer)).status_code == 200


def test_the_form_signs_in(site: TestSite) -> None:
    answer = sign_in(site, TOKEN)
    assert answer.status_code == 303
    attributes = answer.headers["set-cookie"].lower()
    assert "httponly" in attributes
    assert "samesite=lax" in attributes
    assert site.ask("/api/v1/status", token=None, headers=cookie(answer)).status_code == 200


def test_over_https_the_cookie_is_bound_to_its_host(site: TestSite) -> None:
    site.serving = {"https": True, "loopback": False}
    answer = sign_in(site, TOKEN)
    assert answer.headers["set-cookie"].startswith("__Host-reconcile=")
    assert "secure" in answer.headers["set-cookie"].lower()


def test_where_it_lasts_a_token_in_a_url_does_not_sign_in(site: TestSite) -> None:
    site.serving = {"loopback": False}
    answer = site.ask(f"/sign-in?token={TOKEN}", token=None)
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers


def test_a_session_ends_after_twelve_hours(site: TestSite) -> None:
    session = cookie(sign_in(site, TOKEN))
    site.world.later(hours=11, minutes=59)
    assert site.ask("/api/v1/status", token=None, headers=session).status_code == 200
    site.world.later(minutes=1)
    assert site.ask("/api/v1/status", token=None, headers=session).status_code == 401


def test_the_form_says_that_the_twelve_hours_are_over(site: TestSite) -> None:
    answer = sign_in(site, TOKEN)
    session, said = cookie(answer), "You were signed out after 12 h."
    assert said not in site.ask("/sign-in", token=None, headers=session).text
    site.world.later(hours=12)
    assert site.ask("/", token=None, headers=session).headers["location"] == "/sign-in"
    assert said in site.ask("/sign-in", token=None, headers=session).text
    assert said not in site.ask("/sign-in", token=None).text
    kept = int(answer.headers["set-cookie"].lower().partition("max-age=")[2].partition(";")[0])
    assert kept > 12 * 60 * 60, "the browser sends it for longer than it is valid"


def test_a_session_ends_with_the_token_that_it_was_opened_with(site: TestSite) -> None:
    key, value = token_entry("people", TOKEN, [Scope.READ])
    secret = {key: value, "WEB_COOKIE_KEY": "k" * 32}
    site.serving = {"credentials": credentials_of(secret)}
    session = cookie(sign_in(site, TOKEN))
    rotated = dict([token_entry("people", "another token", [Scope.READ])])
    after = TestSite(site.world)
    after.serving = {"credentials": credentials_of({**secret, **rotated})}
    assert after.ask("/api/v1/status", token=None, headers=session).status_code == 401


@pytest.mark.parametrize("forged", ["", "x", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJzdGFydCJ9."])
def test_a_forged_session_is_none(site: TestSite, forged: str) -> None:
    answer = site.ask("/api/v1/status", token=None, headers={"Cookie": f"reconcile={forged}"})
    assert answer.status_code == 401


def test_a_wrong_token_is_named_and_too_many_have_to_wait(site: TestSite) -> None:
    first = sign_in(site, "wrong")
    assert (first.status_code, "This token is not valid." in first.text) == (401, True)
    for _ in range(9):
        sign_in(site, "wrong")
    last = sign_in(site, "wrong")
    assert (last.status_code, "Too many tries. Try again in 6 s." in last.text) == (429, True)
    assert sign_in(site, TOKEN).status_code == 303, "the right one always passes"


def test_a_token_without_the_scope_to_read_does_not_sign_in(site: TestSite) -> None:
    secret = dict([token_entry("worker", TOKEN, [Scope.WAKE]), ("WEB_COOKIE_KEY", "k" * 32)])
    site.serving = {"credentials": credentials_of(secret)}
    assert sign_in(site, TOKEN).status_code == 401


def test_signing_out_takes_the_cookie_back(site: TestSite) -> None:
    answer = site.ask("/sign-out", "POST", token=None, headers={"Origin": ORIGIN})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert "max-age=0" in answer.headers["set-cookie"].lower()
