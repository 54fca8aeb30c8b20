"""The ports of the HTTP API: of the fakes and of the real ones alike."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from reconciler.client.jobs import JobState, Outcome, submit_async
from reconciler.dispatch.answers import UnavailableError
from reconciler.web.adapters import LARGEST_KEY_SET, HttpKeySets, ModalResults
from reconciler.web.fakes import FakeKeySets, FakeResults
from reconciler.web.ports import KeySets, Results
from tests.end_to_end.project import SHOP
from tests.engine_fixture import RunningEngine
from tests.receiver import Receiver, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


async def outcome_of(results: Results, call: str) -> Outcome:
    """The outcome of a call once it has ended."""
    while (found := await results.outcome(call)).state is JobState.PENDING:
        await asyncio.sleep(0.01)
    return found


@pytest.mark.parametrize("kind", ["fake", "engine"])
@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("sync", Outcome(JobState.DONE, value="x")),
        ("fail", Outcome(JobState.FAILED, error="ValueError: no rows")),
    ],
)
def test_a_call_is_pending_until_it_has_its_outcome(
    request: pytest.FixtureRequest, kind: str, function: str, expected: Outcome
) -> None:
    if kind == "fake":
        fake = FakeResults()
        assert asyncio.run(fake.outcome("fc-1")).state is JobState.PENDING
        fake.outcomes["fc-1"] = expected
        assert asyncio.run(outcome_of(fake, "fc-1")) == expected
        return
    engine: RunningEngine = request.getfixturevalue("client")
    engine.modal("deploy", str(SHOP))

    async def play() -> Outcome:
        call = await submit_async(f"shop/{function}", {"occurrence": "x"}, environment="main")
        return await outcome_of(ModalResults(), call)

    assert asyncio.run(play()) == expected


def of_kind(kind: str, url: str, content: bytes) -> KeySets:
    return FakeKeySets({url: content}) if kind == "fake" else HttpKeySets()


@pytest.mark.parametrize("kind", ["fake", "http"])
def test_a_key_set_is_what_its_url_answers(kind: str, receiver: Receiver) -> None:
    url = f"{receiver.url}/certs"
    fetched = asyncio.run(of_kind(kind, url, b"{}").fetch(url))
    assert isinstance(fetched, bytes)
    if kind == "http":
        assert receiver.requests == [("GET", "/certs", None)]


@pytest.mark.parametrize("kind", ["fake", "http"])
def test_one_that_cannot_be_fetched_is_unavailable(kind: str, receiver: Receiver) -> None:
    receiver.status = 500
    with pytest.raises(UnavailableError, match="cannot be fetched"):
        asyncio.run(of_kind(kind, "other", b"").fetch(f"{receiver.url}/certs"))


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    receiver.status = 302
    with pytest.raises(UnavailableError):
        asyncio.run(HttpKeySets().fetch(f"{receiver.url}/certs"))
    assert len(receiver.requests) == 1


@pytest.mark.parametrize(
    ("length", "taken"), [(LARGEST_KEY_SET, True), (LARGEST_KEY_SET + 1, False)]
)
def test_one_that_is_too_large_is_cut_off(length: int, taken: bool) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b" " * length)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.handle_request)
    thread.start()
    try:
        fetching = HttpKeySets().fetch(f"http://127.0.0.1:{server.server_port}/")
        if taken:
            assert len(asyncio.run(fetching)) == length
        else:
            with pytest.raises(UnavailableError, match="too large"):
                asyncio.run(fetching)
    finally:
        thread.join()
        server.server_close()
