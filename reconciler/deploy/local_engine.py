"""The embedded engine, as commands with ``--env local`` reach it: over the network, as Modal is.

A running engine of the same state folder is used; otherwise one is started as a process of its own
for as long as it is needed. Either way the official client is pointed at it by environment
variables alone, which is why this comes before the first import of modal.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Final
from urllib.parse import urlsplit

from reconciler.errors import ReconcileError

STATE_FOLDER: Final = Path(".reconciler/engine")
"""Where the engine keeps its state, below the folder of the settings."""
START_TIMEOUT: Final = 20.0
STOP_TIMEOUT: Final = 20.0
POLL_INTERVAL: Final = 0.01
FOLLOW_INTERVAL: Final = 0.2
LOG_NAME: Final = "engine.log"
_GREETING: Final = ("Engine on ", "  eval ")
"""How the lines begin that the engine writes for a person who started it alone."""
_ERROR: Final = "Error: "
"""How the engine's last words begin when it knows what is wrong."""
ENGINE: Final = (sys.executable, "-P", "-m", "reconciler.engine")
"""The engine's own command line. ``-P``: no module of the current folder, which belongs to the
user, is imported in place of one of Python's."""


@dataclass(frozen=True, slots=True)
class EngineAddress:
    """A running engine.

    Attributes:
        url: where it listens, on the loopback address.
        variables: the environment variables that point the official client at it.
    """

    url: str
    variables: Mapping[str, str]


@contextmanager
def local_engine(state: Path) -> Iterator[EngineAddress]:
    """Use the running engine of a state folder, or start one until the block ends.

    Raises:
        ReconcileError: it does not start.
    """
    running = find_running(state)
    if running is not None:
        yield running
        return
    with start_engine(state) as process:
        yield wait_until_ready(process, state)


@contextmanager
def start_engine(state: Path, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start an engine as a process of its own, and end it with the block.

    Args:
        options: of ``python -m reconciler.engine serve``.

    Raises:
        ReconcileError: its folder cannot be written, or the system starts no process.
    """
    try:
        process = _started(state, options)
    except OSError as error:
        raise ReconcileError(
            f"the embedded engine cannot be started: {(error.strerror or str(error)).lower()}",
            where=str(error.filename or state),
            remedy="It keeps its state in that folder, which has to be writable.",
        ) from error
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()


def _started(state: Path, options: Sequence[str]) -> subprocess.Popen[bytes]:
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    log = os.open(state / LOG_NAME, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode=0o600)
    with os.fdopen(log, "wb") as output:
        # A session of its own: Ctrl-C is for us, and giving back the lease needs the engine.
        return subprocess.Popen(  # noqa: S603 - our own module
            [
                *ENGINE,
                *("serve", "--state", str(state), "--parent-pid", str(os.getpid())),
                *options,
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def output_of(process: subprocess.Popen[bytes], state: Path) -> Iterator[str]:
    """What a started engine writes, a line each, until it ends; without its greeting."""
    with (state / LOG_NAME).open(errors="replace") as log:
        ended = False
        while not ended:
            ended = process.poll() is not None
            for line in log:
                if not line.startswith(_GREETING):
                    yield line.rstrip("\n")
            sleep(FOLLOW_INTERVAL)


@contextmanager
def pointed_at(endpoint: EngineAddress) -> Iterator[None]:
    """Point the official client of this process at the engine; it never sees the user's profile."""
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith("MODAL_")]:
        del os.environ[name]
    os.environ.update(endpoint.variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def find_running(state: Path) -> EngineAddress | None:
    """The engine that runs on a state folder, if one accepts connections."""
    try:
        found = json.loads((state / "server.json").read_text())
        endpoint = EngineAddress(str(found["url"]), dict(found["variables"]))
        parts = urlsplit(endpoint.url)
        address = (parts.hostname, parts.port or 0)
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError):
        return None
    except OSError as error:
        raise ReconcileError(
            f"cannot be read: {(error.strerror or 'unknown reason').lower()}",
            where=str(state / "server.json"),
            remedy="The embedded engine keeps its state there; give yourself access to it.",
        ) from error
    try:
        socket.create_connection(address, timeout=1).close()
    except OSError:
        return None
    return endpoint


def wait_until_ready(process: subprocess.Popen[bytes], state: Path) -> EngineAddress:
    """Wait for an engine that was started.

    Raises:
        ReconcileError: it ended, or took too long.
    """
    end = monotonic() + START_TIMEOUT
    while process.poll() is None and monotonic() < end:
        endpoint = find_running(state)
        if endpoint is not None:
            return endpoint
        sleep(POLL_INTERVAL)
    log = state / LOG_NAME
    said = log.read_text(errors="replace").strip().splitlines()
    designed = next((at for at, line in enumerate(said) if line.startswith(_ERROR)), None)
    if designed is not None:
        # What the engine itself says of it, and what it says to do.
        what, *remedy = said[designed:]
        raise ReconcileError(
            f"the embedded engine did not start: {what.removeprefix(_ERROR)}",
            remedy=" ".join(line.strip() for line in remedy) or None,
        )
    raise ReconcileError(
        "the embedded engine did not start" + (f": {said[-1].strip()}" if said else ""),
        where=str(state),
        remedy=f"Its output is in {log}. Is another engine using this folder?",
    )
