"""Crons and web endpoints of the workspace, and the refusal of one too many."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from modal_proto import api_pb2

from reconciler.engine.quota import Quota
from tests.engine.web_client import fetch
from tests.engine_fixture import RunningEngine

CRON = api_pb2.FunctionData(
    schedule=api_pb2.Schedule(cron=api_pb2.Schedule.Cron(cron_string="* * * * *"))
)
WEB = api_pb2.FunctionData(webhook_config=api_pb2.WebhookConfig(type=api_pb2.WEBHOOK_TYPE_ASGI_APP))
TWO = api_pb2.FunctionData(
    method_definitions={
        name: api_pb2.MethodDefinition(
            webhook_config=api_pb2.WebhookConfig(type=api_pb2.WEBHOOK_TYPE_ASGI_APP)
        )
        for name in ("a", "b")
    }
)
ENDPOINTS = """
import modal
app = modal.App("{name}")
def serve(scope, receive, send): ...
"""
ENDPOINT = """
@app.function(serialized=True, name="{name}")
@modal.asgi_app()
def _(): return None
"""
URL = "import modal; print(modal.Function.from_name('a', 'f0').get_web_url(), end='')"


def test_the_limit_counts_others_and_this_one() -> None:
    assert Quota(5).refusal([CRON] * 3, [CRON] * 2) == ""
    assert Quota(5).refusal([], [CRON] * 8) == (
        "Deployment failed: reached limit of 5 cron jobs"
        " (# already deployed => 0, # in this app => 8)"
    )
    assert Quota(None).refusal([CRON] * 100, [CRON] * 100) == ""
    assert Quota(5).refusal([CRON] * 6, [WEB]) == ""


def test_methods_are_endpoints_too() -> None:
    assert Quota().refusal([TWO, TWO], [TWO, WEB, WEB]) == ""
    assert Quota().refusal([TWO, TWO, TWO], [TWO, WEB]) == (
        "Deployment failed: reached limit of 8 web endpoints"
        " (# already deployed => 6, # in this app => 3)"
    )


def write(folder: Path, name: str, count: int) -> str:
    file = folder / f"{name}.py"
    text = ENDPOINTS.format(name=name)
    file.write_text(text + "".join(ENDPOINT.format(name=f"f{one}") for one in range(count)))
    return str(file)


def test_the_ninth_endpoint_is_refused_and_the_old_version_stays(
    start_engine: Callable[..., RunningEngine], tmp_path: Path
) -> None:
    engine = start_engine()
    engine.modal("deploy", write(tmp_path, "a", 6))
    engine.modal("deploy", write(tmp_path, "b", 2))
    said = engine.modal("deploy", write(tmp_path, "b", 3), check=False)
    assert (
        "Deployment failed: reached limit of 8 web endpoints"
        " (# already deployed => 6, # in this app => 3)"
    ) in said
    refused = "import modal; modal.Function.from_name('b', 'f2').hydrate()"
    assert "NotFoundError" in engine.python("-c", refused, check=False)
    engine.modal("deploy", write(tmp_path, "a", 6))  # what an app has itself does not count twice


@pytest.mark.parametrize("deployed", [False, True])
def test_an_endpoint_that_is_not_published_is_not_found(
    start_engine: Callable[..., RunningEngine], tmp_path: Path, deployed: bool
) -> None:
    engine = start_engine("--web-endpoints", "1")
    said = engine.modal("deploy", write(tmp_path, "b", 2), check=False)
    if deployed:
        engine.modal("deploy", write(tmp_path, "b", 1))
    assert "reached limit of 1 web endpoints" in said
    shown = [word for word in said.split() if word.startswith("http://127.0.0.1")]
    assert len(shown) == 2
    answer = fetch(shown[1])
    assert (answer.status, answer.text) == (404, "modal-http: invalid function call")
