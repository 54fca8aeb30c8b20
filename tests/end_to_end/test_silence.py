"""A server that accepts connections and never answers: the real client, and no real minute."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

WATCHED = """
import asyncio
from reconciler.dispatch.adapters.modal_failures import where_asked
from reconciler.deploy.modal_apps import ModalApps
from reconciler.deploy.patience import Patience, patiently

class Clock:
    seconds = 0.0

async def pause(seconds):
    Clock.seconds += seconds
    await asyncio.sleep(0)

patience = Patience(lambda: Clock.seconds, print, where_asked)
try:
    asyncio.run(patiently(ModalApps("ours", "main").deployed(), patience, pause))
except Exception as error:
    print(error.message_for(None))
"""

CUT_OFF = """
import asyncio, os, signal
from reconciler.cli.signals import run

async def fail():
    raise RuntimeError("cut off")

async def command():
    call = asyncio.ensure_future(fail())
    await asyncio.sleep(0)
    os.kill(os.getpid(), signal.SIGINT)
    await asyncio.Event().wait()

try:
    run(command(), gives_up=False)
except KeyboardInterrupt:
    print("ended")
"""


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        yield server


def start(silent: socket.socket, folder: Path, *command: str) -> subprocess.Popen[str]:
    """Start Python as a client of the server."""
    (folder / "schedules").mkdir()
    manifest = 'name: daily\nschedule: "0 6 * * *"\nfunction: shop/sync\n'
    (folder / "schedules" / "daily.yaml").write_text(manifest)
    (folder / "reconciler.yaml").write_text("environments: {production: {modal: main}}\n")
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
            "MODAL_SERVER_URL": f"http://127.0.0.1:{silent.getsockname()[1]}",
            "MODAL_TOKEN_ID": "ak-0123456789",
            "MODAL_TOKEN_SECRET": "as-0123456789",
            "MODAL_DISABLE_API_PROXY": "1",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL) and None,
    )


def test_its_silence_is_reported_with_its_address_and_ends(
    silent: socket.socket, tmp_path: Path
) -> None:
    process = start(silent, tmp_path, "-c", WATCHED)
    out, err = process.communicate(timeout=60)
    where = f"the embedded engine at http://127.0.0.1:{silent.getsockname()[1]}"
    asked = "list the Modal environments"
    lines = out.splitlines()
    assert lines[:4] == [
        f"no answer from {where} yet, after {seconds} s: it was asked to {asked}"
        for seconds in (5, 15, 30, 60)
    ], err
    assert lines[4] == f"the embedded engine did not answer within 70 s when asked to {asked}"
    assert "as-0123456789" not in out + err


@pytest.mark.parametrize("command", ["status", "--dry-run", "submit shop/sync", "wake"])
def test_ctrl_c_ends_a_command_at_once(silent: socket.socket, tmp_path: Path, command: str) -> None:
    process = start(silent, tmp_path, "-m", "reconciler", *command.split(), "--env", "production")
    connection, _ = silent.accept()
    with connection:
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 128 + signal.SIGINT
    assert "Traceback" not in err


def test_a_call_that_a_signal_cut_off_writes_no_traceback(
    silent: socket.socket, tmp_path: Path
) -> None:
    process = start(silent, tmp_path, "-c", CUT_OFF)
    out, err = process.communicate(timeout=60)
    assert (out, err) == ("ended\n", "")
