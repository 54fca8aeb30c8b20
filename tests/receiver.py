"""A receiver of alarms and pings: a real HTTP server on this machine that does as it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Receiver:
    """What it was sent, and how it answers.

    Attributes:
        status: of the next answers; for a redirect, to itself.
        silent: it accepts connections and answers nothing.
        slow: it sends a byte now and then, and comes to no end.
        requests: method and path, with the body as JSON where there is one.
    """

    url: str = ""
    status: int = 200
    silent: bool = False
    slow: bool = False
    requests: list[tuple[str, str, Any]] = field(default_factory=list)
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
            self.answer(json.loads(self.rfile.read(length)))

        def answer(self, body: Any) -> None:
            receiver.requests.append((self.command, self.path, body))
            if receiver.silent:
                receiver.over.wait()
                return
            while receiver.slow and not receiver.over.wait(0.05):
                self.wfile.write(b"H")
            self.send_response(receiver.status)
            if 300 <= receiver.status < 400:
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
