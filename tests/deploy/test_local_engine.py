"""The embedded engine as commands find it, and what is reported when it does not start."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.deploy.local_engine import (
    EngineAddress,
    find_running,
    local_engine,
    output_of,
    pointed_at,
    start_engine,
    wait_until_ready,
)
from reconciler.errors import ReconcileError


@pytest.fixture
def listening() -> Iterator[int]:
    """A port of this machine at which somebody accepts connections."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def recorded(state: Path, port: int, **more: Any) -> Path:
    record = {"url": f"http://127.0.0.1:{port}", "variables": {"MODAL_TOKEN_ID": "x"}, **more}
    (state / "server.json").write_text(json.dumps(record))
    return state


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_an_engine_that_accepts_connections_is_used(tmp_path: Path, listening: int) -> None:
    expected = EngineAddress(f"http://127.0.0.1:{listening}", {"MODAL_TOKEN_ID": "x"})
    assert find_running(recorded(tmp_path, listening)) == expected
    with local_engine(tmp_path) as used:
        assert used == expected


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"url": 7, "variables": {}}',
        '{"url": "http://127.0.0.1:99999", "variables": {}}',
        '{"url": "http://127.0.0.1:1", "variables": [7]}',
    ],
)
def test_a_record_that_is_none_is_of_no_engine(tmp_path: Path, content: str) -> None:
    assert find_running(tmp_path) is None
    (tmp_path / "server.json").write_text(content)
    assert find_running(tmp_path) is None
    assert find_running(tmp_path / "server.json") is None


def test_an_engine_that_has_ended_is_not_running(tmp_path: Path) -> None:
    assert find_running(recorded(tmp_path, closed_port())) is None
    assert find_running(recorded(tmp_path, 0, url="http://127.0.0.1")) is None


def test_a_record_that_may_not_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "server.json").mkdir()
    with pytest.raises(ReconcileError, match="cannot be read: is a directory") as caught:
        find_running(tmp_path)
    assert caught.value.where == str(tmp_path / "server.json")


def test_the_client_is_pointed_at_the_engine_and_sees_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MODAL_PROFILE", "mine")
    monkeypatch.setenv("MODALITY", "kept")
    before = dict(os.environ)
    with pointed_at(
        EngineAddress("http://127.0.0.1:1", {"MODAL_SERVER_URL": "http://127.0.0.1:1"})
    ):
        modal = {name: value for name, value in os.environ.items() if name.startswith("MODAL_")}
        assert modal == {"MODAL_SERVER_URL": "http://127.0.0.1:1"}
        assert os.environ["MODALITY"] == "kept"
    assert dict(os.environ) == before


def ended(state: Path, log: str) -> ReconcileError:
    """What is reported of an engine that ended at once and wrote this."""
    (state / "engine.log").write_text(log)
    with subprocess.Popen([sys.executable, "-c", "raise SystemExit(1)"]) as process:
        process.wait()
        with pytest.raises(ReconcileError) as caught:
            wait_until_ready(process, state)
    return caught.value


def test_an_engine_that_ends_with_an_error_of_its_own_is_shown_in_its_words(tmp_path: Path) -> None:
    error = ended(tmp_path, "noise\nError: the folder is in use\n  Stop the other\n  engine.\n")
    assert error.what == "the embedded engine did not start: the folder is in use"
    assert error.remedy == "Stop the other engine."
    assert ended(tmp_path, "Error: no port is free\n").remedy is None


def test_an_engine_that_ends_otherwise_is_shown_by_its_last_line(tmp_path: Path) -> None:
    error = ended(tmp_path, "Traceback\n  ValueError: boom\n\n")
    assert error.what == "the embedded engine did not start: ValueError: boom"
    assert (error.where, error.remedy) == (
        str(tmp_path),
        f"Its output is in {tmp_path / 'engine.log'}. Is another engine using this folder?",
    )
    assert ended(tmp_path, "").what == "the embedded engine did not start"


def test_an_engine_that_takes_long_is_waited_for_while_it_lives(
    tmp_path: Path, listening: int
) -> None:
    record = json.dumps({"url": f"http://127.0.0.1:{listening}", "variables": {}})
    program = (
        "import pathlib, sys, time\n"
        "time.sleep(0.3)\n"
        f"pathlib.Path(sys.argv[1]).write_text({record!r})\n"
        "time.sleep(60)\n"
    )
    server = str(tmp_path / "server.json")
    with subprocess.Popen([sys.executable, "-c", program, server]) as process:
        assert wait_until_ready(process, tmp_path).variables == {}
        process.kill()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(ReconcileError, match="cannot be started: not a directory") as caught,
        start_engine(tmp_path / "file" / "state"),
    ):
        pytest.fail("there is no such folder")
    assert caught.value.where == str(tmp_path / "file" / "state")


def test_the_state_and_the_log_of_an_engine_are_its_owners_alone(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with start_engine(state, "--help") as process:
        process.wait()
    assert state.stat().st_mode & 0o777 == 0o700
    assert (state / "engine.log").stat().st_mode & 0o777 == 0o600
    assert process.poll() is not None


def test_what_an_engine_writes_is_followed_to_its_end(tmp_path: Path) -> None:
    greeting = 'Engine on http://127.0.0.1:1, state in x. To use it:\n  eval "$(…)"\n'
    (tmp_path / "engine.log").write_text(f"{greeting}Serving shop/pages at http://127.0.0.1:2\n")
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        lines = output_of(process, tmp_path)
        assert next(lines) == "Serving shop/pages at http://127.0.0.1:2"
        with (tmp_path / "engine.log").open("a") as log:
            log.write("Serving shop/pages at http://127.0.0.1:3\n")
        assert next(lines) == "Serving shop/pages at http://127.0.0.1:3"
        process.communicate(b"\n")
        assert list(lines) == []
