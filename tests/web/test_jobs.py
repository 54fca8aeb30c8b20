"""Jobs over HTTP: started once, of allowed functions alone, and fetched by id."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from reconciler.client.jobs import JobState, Outcome
from reconciler.cron import minute
from reconciler.dispatch.answers import StartUnknownError
from reconciler.manifest.web_settings import WebSettings
from tests.dispatch.scenario import at
from tests.plan.scenario import hourly
from tests.web.site import TOKEN, RunRecord, RunState, Sent, TestSite, problem, wake_log

SYNC = "/api/v1/jobs/shop/sync"


@pytest.fixture
def site() -> TestSite:
    site = TestSite()
    site.apply(*hourly("a"))
    return site


def submit(
    site: TestSite, path: str = SYNC, key: str | None = None, body: Any = None
) -> httpx.Response:
    headers = {} if key is None else {"Idempotency-Key": key}
    return site.ask(path, "POST", headers=headers, json={"args": {}} if body is None else body)


def test_a_job_is_accepted_with_the_place_of_its_result(site: TestSite) -> None:
    answer = submit(site, body={"args": {"window": "24h"}})
    assert (answer.status_code, answer.json()) == (202, {"call": "fc-1", "state": "pending"})
    assert answer.headers["location"] == "/api/v1/jobs/fc-1"
    (started,) = site.caller.calls
    assert (started.app, started.function, started.args) == ("shop", "sync", {"window": "24h"})


def test_a_pending_job_says_when_to_ask_again(site: TestSite) -> None:
    answer = site.ask(submit(site).headers["location"])
    assert (answer.status_code, answer.headers["retry-after"]) == (202, "2")


@pytest.mark.parametrize(
    ("outcome", "status", "found"),
    [
        (Outcome(JobState.DONE, value={"rows": 3}), 200, {"state": "done", "value": {"rows": 3}}),
        (Outcome(JobState.FAILED, error="ValueError: x"), 200, {"state": "failed"}),
        (Outcome(JobState.DONE, value=float("nan")), 200, {"value": "nan"}),
        (Outcome(JobState.EXPIRED), 410, {"title": "Expired"}),
    ],
)
def test_a_job_that_has_ended(
    site: TestSite, outcome: Outcome, status: int, found: dict[str, Any]
) -> None:
    submit(site)
    site.results.outcomes["fc-1"] = outcome
    answer = site.ask("/api/v1/jobs/fc-1")
    assert answer.status_code == status
    assert found.items() <= answer.json().items()


@pytest.mark.parametrize("call", ["fc-9", "x", "fc-", "fc-1%2F..%2Fx", "fc-1%0A"])
def test_a_call_that_was_started_elsewhere_is_unknown(site: TestSite, call: str) -> None:
    site.results.outcomes["fc-9"] = Outcome(JobState.DONE, value="of somebody else")
    answer = site.ask(f"/api/v1/jobs/{call}")
    assert answer.status_code == 404
    assert "somebody" not in answer.text


def test_the_call_of_a_schedule_is_known(site: TestSite) -> None:
    time = "2026-11-20T09:00:00Z"
    line = RunRecord(
        name="a", times=(minute(at("09:00")),), state=RunState.STARTED, at=time, call="fc-77"
    )
    site.write(wake_log(time, line))
    assert site.ask("/api/v1/jobs/fc-77").status_code == 202


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/jobs/shop/check", 403),
        ("/api/v1/jobs/other/sync", 403),
        ("/api/v1/jobs/schedule-reconciler/on_demand", 403),
        ("/api/v1/jobs/shop%2Fsync/x", 404),
        ("/api/v1/jobs/../admin/x", 404),
        ("/api/v1/jobs/shop/..%2Fsync", 404),
        ("/api/v1/jobs/shop/sync%00", 403),
    ],
)
def test_only_functions_that_manifests_name_may_be_started(
    site: TestSite, path: str, status: int
) -> None:
    assert submit(site, path).status_code == status
    assert not site.caller.calls
    assert not site.world.claims.entries.keys() & {"web-call/fc-1"}


@pytest.mark.parametrize(
    ("functions", "path", "allowed"),
    [
        (("shop/*",), "shop/check", True),
        (("shop/check",), "shop/check", True),
        (("shop/check",), "shop/sync", False),
        (("shop/*",), "shopping/check", False),
        (("schedule-reconciler/*",), "schedule-reconciler/on_demand", False),
    ],
)
def test_the_settings_say_which_functions_may_be_started(
    site: TestSite, functions: tuple[str, ...], path: str, allowed: bool
) -> None:
    site.serving = {"web": WebSettings(functions=functions)}
    assert (submit(site, f"/api/v1/jobs/{path}").status_code == 202) is allowed
    assert bool(site.caller.calls) is allowed


def test_a_request_that_is_sent_again_starts_nothing(site: TestSite) -> None:
    first, again = submit(site, key="k1"), submit(site, key="k1")
    assert first.json() == again.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert problem(submit(site, key="k1", body={"args": {"a": 1}}))["status"] == 422
    assert problem(submit(site, "/submit?data=x", key="k1"))["status"] in (404, 422)
    assert len(site.caller.calls) == 1


def test_of_many_at_once_with_one_key_one_starts(site: TestSite) -> None:
    one: Sent = (SYNC, "POST", TOKEN, {"Idempotency-Key": "k"}, {"json": {}})
    answers = site.ask_all([one] * 20)
    assert len(site.caller.calls) == 1
    assert {answer.status_code for answer in answers} <= {202, 409}


def test_what_was_not_started_may_be_sent_again_with_its_key(site: TestSite) -> None:
    site.caller.unreached = 1
    refused = submit(site, key="k")
    assert (refused.status_code, problem(refused)["title"]) == (503, "Not started")
    assert submit(site, key="k").status_code == 202


def test_what_may_have_started_stays_unknown(
    site: TestSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lost(*_given: object) -> str:
        raise StartUnknownError("the connection broke off")

    with monkeypatch.context() as patched:
        patched.setattr(site.caller, "start", lost)
        assert submit(site, key="k").status_code == 504
    assert submit(site, key="k").status_code == 409
    assert not site.caller.calls


def test_a_start_that_modal_does_not_answer_is_unknown_after_a_while(
    site: TestSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(*_given: object) -> str:
        return str(await asyncio.Event().wait())

    site.serving = {"answer_seconds": 0.05}
    monkeypatch.setattr(site.caller, "start", silent)
    answer = submit(site, key="k")
    assert (answer.status_code, problem(answer)["title"]) == (504, "Start unknown")
    assert submit(site, key="k").status_code == 409


def test_a_dict_that_does_not_answer_is_503_after_a_while(
    site: TestSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(*_given: object) -> bool:
        return await asyncio.Event().wait()

    site.serving = {"answer_seconds": 0.05}
    monkeypatch.setattr(site.world.claims, "put_new", silent)
    assert submit(site, key="k").status_code == 503
    assert not site.caller.calls


def test_a_function_that_is_gone_is_404(site: TestSite) -> None:
    site.caller.missing.add("shop/sync")
    answer = submit(site, key="k")
    assert (answer.status_code, problem(answer)["title"]) == (404, "Unknown function")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("[]", 422),
        ('{"args": []}', 422),
        ('{"arg": {}}', 422),
        ('{"args": {"self": 1}}', 422),
        ("{", 400),
        ("[" * 100_000, 400),
        ("", 202),
        ("{}", 202),
    ],
)
def test_the_body_holds_keyword_arguments(site: TestSite, body: str, status: int) -> None:
    headers = {"Content-Type": "application/json"}
    answer = site.ask(SYNC, "POST", content=body, headers=headers)
    assert answer.status_code == status, answer.text


def test_a_body_of_another_kind_is_415(site: TestSite) -> None:
    answer = site.ask(SYNC, "POST", content="{}", headers={"Content-Type": "text/plain"})
    assert problem(answer)["status"] == 415


class TestTheWellKnownExample:
    """``POST /submit?data=`` and ``GET /result/{call_id}``."""

    @pytest.fixture(autouse=True)
    def allowed(self, site: TestSite) -> None:
        site.serving = {"web": WebSettings(submit="shop/check")}

    def test_it_is_submitted_and_fetched(self, site: TestSite) -> None:
        answer = site.ask("/submit?data=hello", "POST")
        assert (answer.status_code, answer.json()) == (200, {"call_id": "fc-1"})
        assert site.caller.calls[0].args == {"data": "hello"}
        pending = site.ask("/result/fc-1")
        assert (pending.status_code, pending.json()) == (202, "")
        site.results.outcomes["fc-1"] = Outcome(JobState.DONE, value=[1, 2])
        done = site.ask("/result/fc-1")
        assert (done.status_code, done.json()) == (200, [1, 2])

    def test_what_has_expired_or_never_was_is_404(self, site: TestSite) -> None:
        site.ask("/submit?data=hello", "POST")
        site.results.outcomes["fc-1"] = Outcome(JobState.EXPIRED)
        for call in ("fc-1", "fc-2", "nonsense"):
            answer = site.ask(f"/result/{call}")
            assert (answer.status_code, answer.json()) == (404, "")

    def test_without_data_nothing_is_started(self, site: TestSite) -> None:
        assert site.ask("/submit", "POST").status_code == 422
        assert not site.caller.calls


def test_without_a_function_for_it_there_is_no_submit(site: TestSite) -> None:
    assert problem(site.ask("/submit?data=x", "POST"))["title"] == "No submit"
