"""``reconcile engine``: the embedded Modal in the foreground, or a command that uses it."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

from reconciler.deploy.local_engine import (
    ENGINE,
    STATE_FOLDER,
    find_running,
    local_engine,
    output_of,
    pointed_at,
    start_engine,
    wait_until_ready,
)
from reconciler.errors import ReconcileError
from reconciler.foreign_text import printable
from reconciler.manifest.discovery import settings_root

_READY = """\
The embedded Modal is ready at {url}; its state is in {state}.
In another terminal, here:

  reconcile                                     uses it, as the environment `local`
  reconcile engine exec modal app list          runs a command against it
  eval "$(reconcile engine env)"                points a whole shell at it

Crons fire while this runs. Ctrl-C ends it; its state stays.
"""


def serve(*, port: int, crons: str) -> int:
    """Run the engine until Ctrl-C. Returns its exit code."""
    state = settings_root(Path.cwd()) / STATE_FOLDER
    running = find_running(state)
    if running is not None:
        raise ReconcileError(
            f"an engine is already running here, at {running.url}",
            remedy="Every `reconcile` in this folder uses it; end it where it was started.",
        )
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with start_engine(state, "--port", str(port), "--crons", crons, "--events") as process:
        endpoint = wait_until_ready(process, state)
        print(_READY.format(url=endpoint.url, state=STATE_FOLDER), flush=True)
        try:
            for line in output_of(process, state):
                print(printable(line), flush=True)
            return process.wait()
        except KeyboardInterrupt:
            return 0


def variables() -> int:
    """Print the variables that point a shell's Modal client at the running engine."""
    state = settings_root(Path.cwd()) / STATE_FOLDER
    if find_running(state) is None:
        raise ReconcileError(
            "no engine is running here", remedy="Start one in another terminal: reconcile engine"
        )
    command = [*ENGINE, "env", "--state", str(state)]
    return subprocess.run(command, check=False).returncode  # noqa: S603 - our own module


def execute(*, command_line: list[str]) -> int:
    """Run a command with its Modal client pointed at the engine; returns its exit code."""
    command = command_line[1:] if command_line[:1] == ["--"] else command_line
    if not command:
        raise ReconcileError(
            "no command was given", remedy="For example: reconcile engine exec modal app list"
        )
    with local_engine(settings_root(Path.cwd()) / STATE_FOLDER) as endpoint, pointed_at(endpoint):
        try:
            return subprocess.run(command, check=False).returncode  # noqa: S603 - it is asked for
        except OSError as error:
            raise ReconcileError(
                f"cannot run {command[0]}: {error.strerror}", remedy="Is it installed?"
            ) from error
