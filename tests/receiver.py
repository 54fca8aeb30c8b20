"""A receiver of alerts and pings: a real HTTP server on this machine that answers as it is set."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Turn:
    """How one request goes.

    Attributes:
        status: of the answer; None when it never comes.
        meanwhile: is done while the receiver has the request, and before it answers.
    """

    status: int | None = 200
    meanwhile: Callable[[], None] | None = None


@dataclass
class Receiver:
    """What it was sent, and how it answers.

    Attributes:
        status: of the next answers; for a redirect, to itself.
        silent: it accepts connections and answers nothing.
        slow: it sends a byte now and then, and comes to no end.
        turns: of the next requests, before the above holds.
        requests: method and path, with the body as JSON where there is one.
        posted: headers and bytes of the requests with a body.
        taken: those of them that were answered as taken.
    """

    url: str = ""
    status: int = 200
    silent: bool = False
    slow: bool = False
    turns: deque[Turn] = field(default_factory=deque)
    requests: list[tuple[str, str, Any]] = field(default_factory=list)
    posted: list[tuple[Mapping[str, str], bytes]] = field(default_factory=list)
    taken: list[tuple[str, str, Any]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def paths(self) -> list[str]:
        """What was asked for, in order."""
        return [path for _method, path, _body in self.requests]

    def texts(self) -> list[str]:
        """What Slack would have shown."""
        return [body["text"] for _method, _path, body in self.requests if body is not None]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver while the block lasts."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer(None)

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            body = self.rfile.read(length)
            receiver.posted.append((dict(self.headers), body))
            self.answer(json.loads(body))

        def answer(self, body: Any) -> None:
            request = (self.command, self.path, body)
            turn = receiver.turns.popleft() if receiver.turns else Turn(receiver.status)
            receiver.requests.append(request)
            if turn.meanwhile is not None:
                turn.meanwhile()
            if turn.status is None:
                self.rfile.read(1)  # until the sender hangs up
                return
            if receiver.silent:
                receiver.over.wait()
                return
            while receiver.slow and not receiver.over.wait(0.05):
                self.wfile.write(b"H")
            if turn.status < 300:
                receiver.taken.append(request)
            self.send_response(turn.status)
            if 300 <= turn.status < 400:
                self.send_header("Location", f"{receiver.url}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """A client that has gone is none."""

    server = Server(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield receiver
    finally:
        receiver.over.set()
        server.shutdown()
        thread.join()
        server.server_close()
