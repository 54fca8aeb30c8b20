"""Functions that start a web server of their own."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.engine.web_client import Answer, fetch, url
from tests.engine_fixture import RunningEngine, until

APP = """
import os, socket, subprocess, sys, time, modal
app = modal.App("servers")
SERVER = '''
import http.server, os, threading, time

first = os.getppid()
def outlive():
    while os.getppid() == first:
        time.sleep(0.1)
    time.sleep(3)
    os._exit(0)

threading.Thread(target=outlive, daemon=True).start()

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        time.sleep(3600 if self.path == "/hold" else 0.3)
        self.answer(f"{os.getppid()} {self.headers['X-Forwarded-For']} {self.path}".encode())

    def do_POST(self):
        self.answer(self.rfile.read(int(self.headers["Content-Length"])))

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

http.server.ThreadingHTTPServer(("0.0.0.0", 8000), Handler).serve_forever()
'''

@app.function(max_containers=2)
@modal.web_server(8000, startup_timeout=20)
def web():
    subprocess.Popen([sys.executable, "-c", SERVER])

@app.function()
@modal.web_server(8000, startup_timeout=0.5)
def never():
    pass

@app.function()
@modal.web_server(8000, startup_timeout=20)
def detached():
    subprocess.Popen([sys.executable, "-c", SERVER], start_new_session=True)
"""


@pytest.fixture
def servers(client: RunningEngine, environment: str, tmp_path: Path) -> str:
    file = tmp_path / "servers.py"
    file.write_text(APP)
    client.modal("deploy", "--env", environment, str(file))
    return environment


def test_a_server_is_reached_and_learns_who_asks(servers: str) -> None:
    address = url("servers", "web", servers)
    answer = fetch(address, "/a?b=c")
    assert answer.status == 200
    assert answer.text.split()[1:] == ["127.0.0.1", "/a?b=c"]
    body = os.urandom(3_000_000)
    assert fetch(address, method="POST", body=body).body == body


def test_two_containers_have_a_server_on_the_same_port(servers: str) -> None:
    address = url("servers", "web", servers)

    def ask(_: int) -> Answer:
        return fetch(address)

    seen: set[str] = set()
    with ThreadPoolExecutor(4) as threads:

        def both() -> bool:
            seen.update(answer.text.split()[0] for answer in threads.map(ask, range(4)))
            return len(seen) == 2

        until(both, patience=60)


def test_a_server_that_never_listens_is_answered_for(servers: str) -> None:
    answer = fetch(url("servers", "never", servers))
    assert answer.status == 500
    assert "Waited too long for port 8000" in answer.text


def test_what_outlives_a_container_does_not_keep_its_request_open(
    servers: str, client: RunningEngine
) -> None:
    address = url("servers", "detached", servers)
    assert fetch(address).status == 200
    client.forget_calls()
    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(fetch, address, "/hold")
        until(lambda: client.calls().get("FunctionCallGetDataIn"))
        for pid in client.status()["pids_by_function"]["detached"]:
            os.kill(pid, signal.SIGKILL)
        answer = asked.result(30)
    assert (answer.status, answer.text) == (
        500,
        "modal-http: internal error: function was terminated by signal",
    )
