"""Answers that take long: another address after 150 seconds, on the test's own clock."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from reconciler.engine.containers.launcher import Launcher
from reconciler.engine.engine import Engine, Options
from reconciler.engine.server_file import ServerFile, sole
from reconciler.engine.time_source import HostClock
from tests.engine.web_client import Answer, connect, fetch
from tests.engine_fixture import until
from tests.forked import Forked

APP = """
import asyncio, pathlib, modal
app = modal.App("slow")

async def serve(scope, receive, send):
    if scope["type"] == "lifespan":
        return
    body = (await receive())["body"] + (await receive()).get("body", b"")
    pathlib.Path({begun!r}).touch()
    while not pathlib.Path({go!r}).exists():
        await asyncio.sleep(0.01)
    await send({{"type": "http.response.start", "status": 201, "headers": [(b"x-own", b"1")]}})
    await send({{"type": "http.response.body", "body": scope["query_string"] + b" " + body}})

@app.function()
@modal.concurrent(max_inputs=10)
@modal.asgi_app()
def web():
    return serve

@app.function()
@modal.asgi_app()
def other():
    return serve
"""
FIND = (
    "import modal, sys; print(modal.Function.from_name('slow', sys.argv[1]).get_web_url(), end='')"
)


@dataclass
class Patience:
    """``asyncio.sleep`` of a clock that stands still until ``pass_by`` is called."""

    loop: asyncio.AbstractEventLoop | None = None
    waiting: list[tuple[float, asyncio.Future[None]]] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        self.loop = asyncio.get_running_loop()
        over = self.loop.create_future()
        self.waiting.append((seconds, over))
        await over

    def pass_by(self, seconds: float) -> None:
        """Let time pass, for everything that waits for as long or shorter."""
        assert self.loop is not None
        self.loop.call_soon_threadsafe(self._pass_by, seconds)

    def _pass_by(self, seconds: float) -> None:
        for wanted, over in self.waiting:
            if wanted <= seconds and not over.done():
                over.set_result(None)
        self.waiting = [one for one in self.waiting if not one[1].done()]


@dataclass
class SlowApp:
    patience: Patience
    addresses: dict[str, str]
    begun: Path
    go: Path

    def ask(self, path: str, method: str = "GET", function: str = "web") -> _Asking:
        return _Asking(lambda: fetch(self.addresses[function], path, method=method, body=b"in"))

    def wait(self, count: int = 1) -> None:
        until(lambda: len([one for one in self.patience.waiting if not one[1].done()]) == count)


class _Asking(threading.Thread):
    def __init__(self, ask: Callable[[], Answer]) -> None:
        super().__init__()
        self._ask = ask
        self.start()

    def run(self) -> None:
        self._found = self._ask()

    @property
    def answer(self) -> Answer:
        self.join(30)
        return self._found


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[SlowApp]:
    """An engine in a thread of this process, whose patience is the test's."""
    state, patience, ends = tmp_path / "state", Patience(), []

    async def serve() -> None:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        ends.append(lambda: loop.call_soon_threadsafe(stop.set))
        launcher = Launcher(sys.executable, state.absolute())
        engine = Engine(
            Options(state, sys.executable, by_clock=False), HostClock(), launcher, patience.sleep
        )
        await engine.serve(lambda record: record.write(state), stop)
        await launcher.stop()

    def run() -> None:
        with sole(state):
            asyncio.run(serve())

    thread = threading.Thread(target=run)
    thread.start()
    until(lambda: (state / "server.json").exists())
    begun, go, app = tmp_path / "begun", tmp_path / "go", tmp_path / "slow.py"
    app.write_text(APP.format(begun=str(begun), go=str(go)))
    client = Forked(tmp_path, {"PATH": "/usr/bin", **ServerFile.read(state).variables})
    done = client.modal("deploy", str(app))
    assert done.code == 0, done.err
    found = {name: client.code(FIND, name).out for name in ("web", "other")}
    yield SlowApp(patience, found, begun, go)
    ends[0]()
    thread.join(30)


def place(answer: Answer) -> str:
    parts = urlsplit(answer.headers["location"])
    return f"{parts.path}?{parts.query}"


def test_a_slow_answer_is_fetched_from_another_address(slow: SlowApp) -> None:
    asking = slow.ask("/a?x=1", "POST")
    until(slow.begun.exists)
    slow.patience.pass_by(149)
    slow.patience.pass_by(150)
    sent = asking.answer
    assert sent.status == 303
    assert place(sent).startswith("/a?x=1&__modal_function_call_id=fc-")
    assert sent.headers["location"].startswith(slow.addresses["web"])

    again = slow.ask(place(sent))
    slow.wait()
    slow.patience.pass_by(150)
    assert (again.answer.status, place(again.answer)) == (303, place(sent))

    last = slow.ask(place(sent))
    slow.wait()
    slow.go.touch()
    assert (last.answer.status, last.answer.body) == (201, b"x=1 in")
    assert last.answer.headers["x-own"] == "1"
    once = slow.ask(place(sent)).answer
    assert (once.status, once.text) == (404, "modal-http: invalid function call")


def test_an_answer_within_the_time_is_not_sent_elsewhere(slow: SlowApp) -> None:
    asking = slow.ask("/")
    until(slow.begun.exists)
    slow.patience.pass_by(149.9)
    slow.go.touch()
    assert asking.answer.status == 201


def test_only_a_get_and_only_the_same_endpoint_fetch_it(slow: SlowApp) -> None:
    asking = slow.ask("/")
    until(slow.begun.exists)
    slow.patience.pass_by(150)
    there = place(asking.answer)
    posted = slow.ask(there, "POST").answer
    assert (posted.status, posted.text) == (400, "modal-http: bad redirect method")
    stolen = slow.ask(there, function="other").answer
    assert (stolen.status, stolen.text) == (404, "modal-http: invalid function call")
    slow.go.touch()
    assert slow.ask(there).answer.status == 201


def test_a_client_that_gives_up_waiting_may_come_back(slow: SlowApp) -> None:
    asking = slow.ask("/")
    until(slow.begun.exists)
    slow.patience.pass_by(150)
    there = place(asking.answer)
    with connect(slow.addresses["web"]) as impatient:
        impatient.request("GET", there)
        slow.wait()
    slow.wait(0)
    slow.go.touch()
    assert slow.ask(there).answer.status == 201
