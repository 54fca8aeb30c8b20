"""Foreign text that the engine prints does nothing to a terminal or to the reader of a log."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.engine.server_file import ServerFile

FOREIGN = "a\x1b[2J\u202e##[error]b"
SHOWN = "a\ufffd[2J\ufffd# #[error]b"


def engine(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the engine's command line in an interpreter of its own."""
    command = [sys.executable, "-m", "reconciler.engine", *arguments]
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=False)


@pytest.mark.parametrize(
    "arguments",
    [("env", "--state", FOREIGN), (FOREIGN,), ("serve", "--port", FOREIGN)],
    ids=["a path", "a command", "a value"],
)
def test_no_foreign_text_reaches_the_terminal_as_it_is(arguments: tuple[str, ...]) -> None:
    done = engine(*arguments)
    assert done.returncode in (1, 2)
    assert done.stdout == ""
    assert not set("\x1b\u202e") & set(done.stderr)
    assert "##[" not in done.stderr


def test_a_path_in_a_message_is_readable(tmp_path: Path) -> None:
    done = engine("env", "--state", str(tmp_path / FOREIGN))
    assert done.stderr.startswith(f"Error: {tmp_path}/{SHOWN}: no engine is running")


def test_what_a_shell_evaluates_stays_as_it_is(tmp_path: Path) -> None:
    state = tmp_path / FOREIGN
    state.mkdir()
    ServerFile(
        pid=os.getpid(),
        url="http://127.0.0.1:9",
        http="http://127.0.0.1:9",
        token_id="ak-1",
        token_secret="as-1",
        version="1",
        started=0.0,
        variables={"MODAL_CONFIG_PATH": str(state / "modal.toml")},
    ).write(state)
    printed = engine("env", "--state", str(state)).stdout
    told = subprocess.run(
        ["sh", "-c", f'{printed}\nprintf %s "$MODAL_CONFIG_PATH"'],
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert told.stdout == str(state / "modal.toml")
