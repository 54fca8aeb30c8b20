"""How many requests a container takes at once, and apps that are served while they are edited."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.engine.web_client import Answer, fetch, url
from tests.engine_fixture import RunningEngine, until

COUNTING = """
import asyncio, os, modal
app = modal.App("counting")
most = running = 0

async def serve(scope, receive, send):
    global most, running
    if scope["type"] == "lifespan":
        return
    running += 1
    most = max(most, running)
    for _ in range(200):  # until the others are there too, as far as they may be
        if most >= int(scope["query_string"] or 1):
            break
        await asyncio.sleep(0.01)
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": f"{os.getpid()} {most}".encode()})
    running -= 1

@app.function(max_containers=1)
@modal.concurrent(max_inputs=4)
@modal.asgi_app()
def four():
    return serve

@app.function(max_containers=1)
@modal.asgi_app()
def one():
    return serve
"""
SERVED = """
import modal
app = modal.App("edited")

async def serve(scope, receive, send):
    if scope["type"] == "lifespan":
        return
    await send({{"type": "http.response.start", "status": 200}})
    await send({{"type": "http.response.body", "body": b"{body}"}})

@app.function(serialized=False)
@modal.asgi_app()
def web():
    return serve
"""


def at_once(address: str, path: str, count: int) -> list[Answer]:
    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(lambda _: fetch(address, path), range(count)))


def test_concurrency_is_what_the_function_says(
    client: RunningEngine, environment: str, tmp_path: Path
) -> None:
    file = tmp_path / "counting.py"
    file.write_text(COUNTING)
    client.modal("deploy", "--env", environment, str(file))
    together = [
        answer.text.split() for answer in at_once(url("counting", "four", environment), "/?4", 8)
    ]
    assert len({pid for pid, _ in together}) == 1
    assert max(int(most) for _, most in together) == 4
    alone = [
        answer.text.split() for answer in at_once(url("counting", "one", environment), "/?1", 3)
    ]
    assert {most for _, most in alone} == {"1"}


@contextmanager
def serving(engine: RunningEngine, environment: str, file: Path) -> Iterator[str]:
    """The address that `modal serve` prints, while it runs."""
    log = file.with_suffix(".log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "modal", "serve", "--env", environment, str(file)],
            cwd=file.parent,
            env=engine.env | {"TERM": "dumb", "COLUMNS": "300", "PYTHONUNBUFFERED": "1"},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )

    def address() -> str:
        words = log.read_text().split()
        return next((word for word in words if word.startswith("http://127.0.0.1")), "")

    def watches() -> bool:
        """Whether it would notice a change: its own message comes a moment too early."""
        with suppress(FileNotFoundError):
            infos = Path(f"/proc/{process.pid}/fdinfo").iterdir()
            return any("inotify wd:" in info.read_text() for info in infos)
        return False

    try:
        until(lambda: address() or process.poll() is not None, patience=60)
        assert address(), log.read_text()
        until(watches)
        yield address()
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:  # the client may lose one while it reloads
            process.send_signal(signal.SIGINT)
            process.wait(30)


def test_a_served_app_is_reloaded_and_goes_with_its_command(
    client: RunningEngine, environment: str, tmp_path: Path
) -> None:
    file = tmp_path / "edited.py"
    file.write_text(SERVED.format(body="before"))
    client.modal("deploy", "--env", environment, str(file))
    deployed = url("edited", "web", environment)
    with serving(client, environment, file) as address:
        assert address != deployed
        assert fetch(address).text == "before"
        file.write_text(SERVED.format(body="after"))
        until(lambda: fetch(address).text == "after", patience=60)
        assert fetch(deployed).text == "before"
    answer = fetch(address)
    assert (answer.status, answer.text) == (
        404,
        "modal-http: app for invoked web endpoint is stopped",
    )
    assert fetch(deployed).status == 200
