"""What every request and every answer has, and which requests go no further."""

from __future__ import annotations

import json

import pytest

from tests.plan.scenario import hourly
from tests.web.site import ORIGIN, TOKEN, TestSite, problem


@pytest.fixture
def site() -> TestSite:
    site = TestSite()
    site.apply(*hourly("a"))
    return site


def test_every_answer_forbids_what_no_page_of_ours_does(site: TestSite) -> None:
    for answer in (site.ask("/api/v1/status"), site.ask("/none"), site.ask("/sign-in", token=None)):
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'")
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-request-id"]


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "127.0.0.1:8700.evil.example", ""]
)
def test_another_host_is_refused_whatever_name_was_pointed_here(site: TestSite, host: str) -> None:
    answer = site.ask("/api/v1/status", headers={"Host": host})
    assert answer.status_code == 421
    assert problem(answer)["type"] == "urn:reconcile:problem:host"


@pytest.mark.parametrize("host", ["localhost:8700", "LOCALHOST:8700", "127.0.0.1:8700"])
def test_this_machine_is_answered_by_each_of_its_names(site: TestSite, host: str) -> None:
    assert site.ask("/api/v1/status", headers={"Host": host}).status_code == 200


def test_a_request_keeps_the_id_that_its_client_gave(site: TestSite) -> None:
    answer = site.ask("/none", headers={"X-Request-Id": "abc-1"})
    assert answer.headers["x-request-id"] == "abc-1"
    assert problem(answer)["instance"] == "urn:reconcile:request:abc-1"


@pytest.mark.parametrize("given", ["a b", "x" * 65, 'a"b', "a\r\nSet-Cookie: b=c"])
def test_an_id_that_could_do_harm_is_replaced(site: TestSite, given: str) -> None:
    answer = site.ask("/none", headers={"X-Request-Id": given})
    assert len(answer.headers["x-request-id"]) == 32
    assert "set-cookie" not in answer.headers


def test_unknown_paths_and_methods_are_problems_too(site: TestSite) -> None:
    assert problem(site.ask("/none"))["type"] == "urn:reconcile:problem:not-found"
    answer = site.ask("/api/v1/status", "DELETE")
    assert answer.status_code == 405
    assert problem(answer)["type"] == "urn:reconcile:problem:method-not-allowed"
    assert "GET" in answer.headers["allow"]


def test_the_access_log_has_a_line_per_request_and_no_secret(site: TestSite) -> None:
    site.ask(f"/sign-in?token={TOKEN}", token=None)
    site.ask("/api/v1/status")
    site.ask("/api/v1/status", headers={"Cookie": "reconcile=abcdef"}, token="wrong-token")
    lines = [json.loads(line) for line in site.logged]
    assert [(line["path"], line["status"], line["by"]) for line in lines] == [
        ("/sign-in", 303, None),
        ("/api/v1/status", 200, "token:start"),
        ("/api/v1/status", 401, None),
    ]
    for secret in (TOKEN, "wrong-token", "abcdef"):
        assert not any(secret in line for line in site.logged)


def test_a_path_cannot_forge_a_line_of_the_access_log(site: TestSite) -> None:
    site.ask("/none%0A%7B%22status%22:200%7D%1b[2J")
    (line,) = site.logged
    assert line.isprintable()
    assert json.loads(line)["status"] == 404


def test_only_a_page_of_its_own_origin_changes_anything(site: TestSite) -> None:
    for origin in ("https://evil.example", "null", "http://127.0.0.1:9999"):
        answer = site.ask("/sign-out", "POST", headers={"Origin": origin}, token=None)
        assert problem(answer)["type"] == "urn:reconcile:problem:origin"
    assert site.ask("/sign-out", "POST", headers={"Origin": ORIGIN}, token=None).is_redirect
