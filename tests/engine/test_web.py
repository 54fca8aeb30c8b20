"""Web endpoints: each kind, their addresses, and requests and answers as HTTP has them."""

from __future__ import annotations

import ast
import json
from typing import Any
from urllib.parse import urlsplit

import modal
import pytest

from tests.engine.web_client import WEB_APP, connect, fetch, url
from tests.engine_fixture import RunningEngine


@pytest.fixture(scope="session")
def printed(client: RunningEngine) -> str:
    """What the deploy of the sample printed."""
    return client.modal("deploy", str(WEB_APP))


@pytest.fixture(scope="session")
def asgi(printed: str) -> str:
    """The address of the bare ASGI app."""
    return url("web-sample", "asgi")


def scope_of(answer_text: str) -> dict[str, Any]:
    scope: dict[str, Any] = ast.literal_eval(answer_text)
    return scope


# Addresses


def test_a_deploy_prints_the_address_of_each_endpoint(printed: str) -> None:
    for name in ("asgi", "wsgi", "add", "guarded"):
        assert url("web-sample", name) in printed
    assert urlsplit(url("web-sample", "asgi")).path == ""
    assert "🔑" in next(
        line for line in printed.splitlines() if url("web-sample", "guarded") in line
    )
    assert "(unauthenticated)" in next(
        line for line in printed.splitlines() if url("web-sample", "add") in line
    )


def test_the_address_is_in_every_place_where_a_client_looks(asgi: str) -> None:
    function = modal.Function.from_name("web-sample", "asgi")
    info = function.info()
    assert info.web_info is not None
    assert info.web_info.web_url == function.get_web_url() == asgi
    by_id = modal.Function.from_id(function.object_id).info()
    assert by_id.web_info is not None
    assert by_id.web_info.web_url == asgi
    shop = modal.Cls.from_name("web-sample", "Shop")()
    assert shop.pages.get_web_url() != shop.stock_left.get_web_url()
    inside = modal.Function.from_name("web-sample", "urls").remote()
    assert inside == {"own": asgi, "method": shop.pages.get_web_url()}


def test_an_endpoint_cannot_be_called_as_a_function(asgi: str) -> None:
    with pytest.raises(modal.exception.InvalidError, match=asgi):
        modal.Function.from_name("web-sample", "asgi").remote()


# Each kind


def test_a_wsgi_app(asgi: str) -> None:
    answer = fetch(url("web-sample", "wsgi"), "/a/b", method="POST", body=b"x" * 3_000_000)
    assert (answer.status, answer.headers["x-path"]) == (202, "/a/b")
    assert answer.body == b"POST " + b"x" * 3_000_000


def test_a_fastapi_endpoint(asgi: str) -> None:
    address = url("web-sample", "add")
    answer = fetch(
        address,
        method="POST",
        body=b'{"a": 1, "b": 2}',
        headers={"Content-Type": "application/json"},
    )
    assert (answer.status, json.loads(answer.body)) == (200, {"sum": 3})
    assert fetch(address, "/openapi.json").status == 200
    assert fetch(address).status == 405


def test_methods_of_a_class(asgi: str) -> None:
    shop = modal.Cls.from_name("web-sample", "Shop")()
    assert fetch(str(shop.stock_left.get_web_url())).body == b"7"
    assert fetch(str(shop.pages.get_web_url()), "/bare").body == b"bare"
    assert shop.sold.remote() == 1


# Requests


def test_the_app_gets_the_request_as_it_was_sent(asgi: str) -> None:
    answer = fetch(
        asgi,
        "/caf%C3%A9%2F/x?q=%20a&q=b",
        method="PUT",
        body=b"y",
        headers={
            "X-Mixed-Case": "Value",
            "TE": "trailers",
            "X-Forwarded-For": "10.0.0.1",
            "Modal-Secret": "ws-secret",
        },
    )
    scope = scope_of(answer.text)
    headers = dict(scope["headers"])
    assert (scope["type"], scope["method"], scope["scheme"]) == ("http", "PUT", "http")
    assert scope["path"] == "/café//x"
    assert scope["query_string"] == b"q=%20a&q=b"
    assert headers[b"x-mixed-case"] == b"Value"
    assert headers[b"content-length"] == b"1"
    assert headers[b"host"].decode() == urlsplit(asgi).netloc
    assert not {b"te", b"x-forwarded-for", b"modal-secret", b"connection"} & headers.keys()
    assert scope["client"][0] == "127.0.0.1"
    assert "asgi" not in scope


def test_a_large_body_goes_both_ways(asgi: str) -> None:
    body = bytes(range(256)) * 20_000
    answer = fetch(asgi, "/echo", method="POST", body=body)
    assert (answer.status, answer.body == body) == (201, True)


def test_a_body_is_passed_on_while_it_comes(asgi: str) -> None:
    with connect(asgi) as connection:
        connection.putrequest("POST", "/echo")
        connection.putheader("Transfer-Encoding", "chunked")
        connection.endheaders()
        connection.send(b"3\r\none\r\n")
        answer = connection.getresponse()
        assert answer.read(3) == b"one"
        connection.send(b"3\r\ntwo\r\n0\r\n\r\n")
        assert answer.read() == b"two"


def test_a_client_may_wait_to_be_asked_for_the_body(asgi: str) -> None:
    with connect(asgi) as connection:
        connection.putrequest("POST", "/echo")
        connection.putheader("Content-Length", "2")
        connection.putheader("Expect", "100-continue")
        connection.endheaders()
        assert connection.sock.recv(100).startswith(b"HTTP/1.1 100")
        connection.send(b"ok")
        assert connection.getresponse().read() == b"ok"


def test_the_first_message_does_not_wait_for_the_body(asgi: str) -> None:
    # The container gives a request up whose first message has not come within five seconds.
    with connect(asgi) as connection:
        connection.putrequest("POST", "/first")
        connection.putheader("Content-Length", "2")
        connection.endheaders()
        message = ast.literal_eval(connection.getresponse().read().decode())
        assert message == {"type": "http.request", "body": b"", "more_body": True}


# Answers


def test_headers_are_those_of_the_app(asgi: str) -> None:
    answer = fetch(asgi, "/echo")
    assert [value for name, value in answer.pairs if name.lower() == "x-twice"] == ["1", "2"]
    assert answer.headers.get("connection") != "close"
    assert answer.headers["modal-function-call-id"].startswith("fc-")
    bare = fetch(asgi, "/bare")
    assert bare.body == b"bare"
    assert not {"server", "content-type"} & bare.headers.keys()


def test_a_length_is_kept_and_a_head_has_no_body(asgi: str) -> None:
    answer = fetch(asgi, "/large?5", method="HEAD")
    assert (answer.body, answer.headers["content-length"]) == (b"", "5")
    empty = fetch(asgi, "/empty")
    assert (empty.status, empty.body) == (204, b"")


def test_an_answer_of_many_pieces(asgi: str) -> None:
    # Over 2 MiB the container cuts it, over 40 MiB its pieces are uploaded.
    for size in (5_000_000, 50_000_000):
        assert len(fetch(asgi, f"/large?{size}").body) == size


def test_a_line_break_in_a_header_is_the_apps_failure(asgi: str) -> None:
    answer = fetch(asgi, "/injection")
    assert answer.status == 500
    assert "x-worse" not in answer.headers
