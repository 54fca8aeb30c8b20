"""How requests end: clients that go away, apps that fail, containers that die."""

from __future__ import annotations

import http.client
import os
import signal
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import modal
import pytest

from tests.engine.web_client import WEB_APP, begun, connect, fetch, url
from tests.engine_fixture import RunningEngine, until

BROKEN_OFF = (http.client.IncompleteRead, ConnectionError)
TIMED_OUT = "modal-http: internal error: function execution timed out"
KILLED = "modal-http: internal error: function was terminated by signal"


@pytest.fixture
def asgi(client: RunningEngine) -> str:
    client.modal("deploy", str(WEB_APP))
    modal.Dict.from_name("heard", create_if_missing=True).hydrate()
    return url("web-sample", "asgi")


def heard(key: str) -> object:
    return modal.Dict.from_name("heard").get(key)


def test_an_app_hears_that_its_client_has_gone(asgi: str) -> None:
    key = uuid4().hex
    with begun(asgi, f"/trickle?{key}") as answer:
        assert answer.readline() == b"tick\n"
    until(lambda: heard(key) == "disconnected")


def test_an_answer_that_breaks_off_is_not_taken_for_whole(asgi: str) -> None:
    with begun(asgi, "/half") as answer, pytest.raises(BROKEN_OFF):
        answer.read()


def test_an_app_that_raises_is_answered_for(asgi: str) -> None:
    answer = fetch(asgi, "/silent")
    assert answer.status == 500
    assert answer.text.startswith("modal-http: internal error: ")
    assert "nothing was sent" in answer.text


def test_a_timeout_ends_the_request(asgi: str) -> None:
    answer = fetch(url("web-sample", "impatient"), "/hang")
    assert (answer.status, answer.text) == (500, TIMED_OUT)


def test_a_timeout_ends_a_stream_too(asgi: str) -> None:
    address = url("web-sample", "impatient")
    with begun(address, f"/trickle?{uuid4().hex}") as answer, pytest.raises(BROKEN_OFF):
        answer.read()


def test_a_request_whose_container_dies_is_not_tried_again(
    asgi: str, client: RunningEngine
) -> None:
    client.forget_calls()
    answer = fetch(asgi, "/die")
    assert (answer.status, answer.text) == (500, KILLED)
    assert [call for call, function in client.trace() if call == "FunctionCallGetDataIn"] == [
        "FunctionCallGetDataIn"
    ]


def test_a_warm_request_takes_four_calls(asgi: str, client: RunningEngine) -> None:
    fetch(asgi)
    until(lambda: client.status()["unfinished_inputs"] == 0)
    client.forget_calls()
    for _ in range(5):
        fetch(asgi)
    until(lambda: client.status()["unfinished_inputs"] == 0)
    counted = {name: count for name, count in client.calls().items() if name.startswith("Fun")}
    assert counted["FunctionCallGetDataIn"] == 5  # a stream that ends early is opened again
    assert counted["FunctionPutOutputs"] == 5
    assert 5 <= counted["FunctionCallPutDataOut"] <= 10  # its start and its body, mostly together
    assert counted.keys() <= {
        "FunctionGetInputs",
        "FunctionCallGetDataIn",
        "FunctionCallPutDataOut",
        "FunctionPutOutputs",
        "FunctionGetDynamicConcurrency",
    }


def test_an_app_that_cannot_be_imported_is_answered_for(
    client: RunningEngine, environment: str, tmp_path: Path
) -> None:
    file = tmp_path / "broken.py"
    file.write_text(
        "import modal\n"
        "app = modal.App('broken')\n"
        "@app.function()\n"
        "@modal.asgi_app()\n"
        "def web():\n"
        "    raise LookupError('no such model')\n"
    )
    client.modal("deploy", "--env", environment, str(file))
    answer = fetch(url("broken", "web", environment))
    assert answer.status == 500
    assert "no such model" in answer.text


def test_a_stopped_app_is_named(client: RunningEngine, environment: str) -> None:
    client.modal("deploy", "--env", environment, str(WEB_APP))
    address = url("web-sample", "asgi", environment)
    client.modal("app", "stop", "--env", environment, "--yes", "web-sample")
    answer = fetch(address)
    assert (answer.status, answer.text) == (
        404,
        "modal-http: app for invoked web endpoint is stopped",
    )
    client.modal("deploy", "--env", environment, str(WEB_APP))
    assert url("web-sample", "asgi", environment) == address
    assert fetch(address, "/bare").body == b"bare"


def test_a_page_of_another_name_does_not_get_in(asgi: str) -> None:
    answer = fetch(asgi, "/bare", headers={"Host": "rebound.example.com"})
    assert (answer.status, answer.text) == (404, "modal-http: invalid function call")
    assert fetch(asgi, "/bare", headers={"Host": "shop.localhost:1"}).status == 200


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_addresses_outlive_the_engine_and_open_requests_do_not(
    start_engine: Callable[..., RunningEngine], how: str
) -> None:
    engine = start_engine("--web-endpoints", "unlimited")
    engine.modal("deploy", str(WEB_APP))
    find = (
        "import modal; print(modal.Function.from_name('web-sample', 'asgi').get_web_url(), end='')"
    )
    address = engine.python("-c", find)
    line = f"Serving web-sample/asgi at {address}\n"
    assert engine.output.count(line) == 1
    assert "web-sample/guarded at" in engine.output
    with connect(address) as connection:
        connection.request("GET", "/hang")
        until(lambda: engine.calls().get("FunctionCallGetDataIn"))
        getattr(engine, how)()
        with pytest.raises((http.client.HTTPException, ConnectionError)):
            connection.getresponse()
    engine.start()
    until(lambda: engine.output.count(line) == 2)
    assert engine.status()["unfinished_inputs"] == 0
    assert fetch(address, "/bare").body == b"bare"
    assert engine.python("-c", find) == address


def test_a_killed_container_ends_what_it_was_answering(asgi: str, client: RunningEngine) -> None:
    with begun(asgi, f"/trickle?{uuid4().hex}") as answer:
        assert answer.readline() == b"tick\n"
        for pid in client.status()["pids_by_function"]["asgi"]:
            os.kill(pid, signal.SIGKILL)
        with pytest.raises(BROKEN_OFF):
            answer.read()
    assert fetch(asgi, "/bare").body == b"bare"
