"""The OpenAPI document says what the routes do, and a client that knows nothing else agrees."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.core.result import Ok

from reconciler.manifest.web_settings import WebSettings
from reconciler.web.app import ENDPOINTS
from reconciler.web.openapi import document
from reconciler.web.sign_in import SIGN_IN
from tests.dispatch.backfill_scenario import backfill_of
from tests.plan.scenario import hourly
from tests.web.site import ORIGIN, TOKEN, TestSite
from tests.web.test_questions import with_runs

EXAMPLES = 20
"""Requests of each operation."""


@pytest.fixture(scope="module")
def site() -> TestSite:
    site = with_runs()
    site.serving = {"web": WebSettings(functions=("shop/*",), submit="shop/check")}
    return site


def test_every_route_of_the_api_is_described_and_nothing_else() -> None:
    described = {
        (method.upper(), path)
        for path, operations in document(ENDPOINTS)["paths"].items()
        for method in operations
    }
    routes = {(one.method, one.path) for one in ENDPOINTS if one.operation is not None}
    pages = {(one.method, one.path) for one in ENDPOINTS if one.operation is None}
    assert described == routes
    assert {(one.method, one.path) for one in SIGN_IN} <= pages
    undescribed = {path for _, path in pages}
    assert not [path for path in undescribed if path.startswith("/api")]
    assert not undescribed & {"/wake", "/trigger"}


def test_the_document_is_what_is_served_to_all(site: TestSite) -> None:
    answer = site.ask("/openapi.json", token=None)
    assert answer.json() == document(ENDPOINTS)


def test_each_operation_says_which_errors_it_has() -> None:
    for path, operations in document(ENDPOINTS)["paths"].items():
        for method, operation in operations.items():
            statuses = set(operation["responses"])
            assert {"400", "421", "429", "503"} <= statuses, (method, path)
            assert (operation["security"] == []) is (path in ("/openapi.json", "/next.ics"))


def test_the_answer_of_status_is_described_with_its_backfills() -> None:
    site = with_runs()
    site.backfill(backfill_of(2, name="a"))
    answer = site.ask("/api/v1/status")
    _check(document(ENDPOINTS)["paths"]["/api/v1/status"]["get"], answer)
    assert answer.json()["backfills"]
    content = document(ENDPOINTS)["paths"]["/api/v1/status"]["get"]["responses"]["200"]["content"]
    described = content["application/json"]["schema"]["properties"]["backfills"]["items"]
    assert {"digest", "state", "runs", "started", "open"} <= set(described["required"])


OPERATIONS: dict[str, Any] = {
    found.ok().label: found.ok()
    for found in schemathesis.openapi.from_dict(document(ENDPOINTS)).get_all_operations()
    if isinstance(found, Ok)
}


@pytest.mark.parametrize("label", OPERATIONS)
def test_no_request_makes_it_fail_or_answer_what_is_not_described(
    site: TestSite, label: str
) -> None:
    """Requests that the document allows, and requests that break it."""
    operation = OPERATIONS[label]
    answered: set[int] = set()

    def play(case: Any) -> None:
        site.world.later(seconds=20)  # no bucket is empty
        sent = requests.Request(**case.as_transport_kwargs(base_url=ORIGIN)).prepare()
        assert sent.url is not None
        headers = {**dict(sent.headers), "Authorization": f"Bearer {TOKEN}"}
        texts = {name: str(value) for name, value in headers.items() if str(value).isascii()}
        path = sent.url.removeprefix(ORIGIN)
        answer = site.ask(path, case.method, headers=texts, content=sent.body)
        answered.add(answer.status_code)
        _check(operation.definition.raw, answer)

    settings(
        max_examples=EXAMPLES,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
    )(_given_any(operation)(play))()
    assert any(status < 300 for status in answered) or "{" in label or label == "POST /trigger"


def _given_any(operation: Any) -> Any:
    from hypothesis import given
    from schemathesis.generation import GenerationMode

    return given(
        operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
        | operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
    )


def _check(operation: dict[str, Any], answer: Any) -> None:
    status = answer.status_code
    assert status < 500, answer.text
    described = operation["responses"]
    assert str(status) in described, f"{status} is not described: {answer.text}"
    content = described[str(status)].get("content", {})
    if not content:
        assert not answer.content
        return
    media_type = answer.headers["content-type"].partition(";")[0]
    assert media_type in content, (status, media_type)
    if media_type.endswith("json"):
        schema = {**content[media_type]["schema"], "components": document(ENDPOINTS)["components"]}
        jsonschema.validate(json.loads(answer.content), schema)


def test_hourly_is_what_the_site_shows(site: TestSite) -> None:
    assert len(site.ask("/api/v1/schedules").json()["schedules"]) == len(hourly("a", "b", "c"))
