"""``reconcile engine``: the embedded Modal in the foreground, or a command that uses it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

from reconciler.cli.inputs import find_place
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
from reconciler.manifest import holds_manifests
from reconciler.manifest.discovery import settings_root

_READY: Final = """\
The embedded Modal is ready at {url}; its state is in {state}.
Next, in another terminal, here:

{steps}
Crons fire while this runs{lines}. Ctrl-C ends it; its state stays.
"""
_BEGIN: Final = """\
  reconcile init                                writes settings, a function and its schedule
"""
_GO_ON: Final = """\
  reconcile engine exec modal deploy FILE.py    deploys an app to it
  reconcile                                     plans, asks and applies the schedules of this folder
  reconcile list                                shows how they stand
"""
_MORE: Final = """\
  eval "$(reconcile engine env)"                points a whole shell at it
"""


def serve(*, port: int, crons: str, python: str | None, quiet: bool) -> int:
    """Run the engine until Ctrl-C. Returns its exit code.

    Args:
        python: the interpreter that functions run in; None for ours.
        quiet: print no line for what happens in it.
    """
    if python is not None and shutil.which(python) is None:
        raise ReconcileError(
            f"--python: there is no program {python}",
            remedy="Name a Python in which modal is installed.",
        )
    state = settings_root(Path.cwd()) / STATE_FOLDER
    running = find_running(state)
    if running is not None:
        raise ReconcileError(
            f"an engine is already running here, at {running.url}",
            remedy="Every `reconcile` in this folder uses it; end it where it was started.",
        )
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    options = ["--port", str(port), "--crons", crons]
    options += [] if quiet else ["--events"]
    options += [] if python is None else ["--python", str(shutil.which(python))]
    with start_engine(state, *options) as process:
        endpoint = wait_until_ready(process, state)
        steps = (_GO_ON if _has_manifests() else _BEGIN) + _MORE
        lines = "" if quiet else "; what happens is listed below"
        ready = _READY.format(url=endpoint.url, state=STATE_FOLDER, steps=steps, lines=lines)
        print(ready, flush=True)
        try:
            for line in output_of(process, state):
                print(printable(line), flush=True)
            return process.wait()
        except KeyboardInterrupt:
            return 0


def _has_manifests() -> bool:
    try:
        place = find_place(None)
        return holds_manifests(place.root / place.settings().schedules)
    except ReconcileError:  # a command that reads them says what is wrong
        return True


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
        # Under pipx and uvx, `modal` is beside `reconcile` and not on the path.
        os.environ["PATH"] = os.pathsep.join(
            [os.environ.get("PATH", os.defpath), str(Path(sys.executable).parent)]
        )
        try:
            return subprocess.run(command, check=False).returncode  # noqa: S603 - it is asked for
        except OSError as error:
            raise ReconcileError(
                f"cannot run {command[0]}: {error.strerror}", remedy="Is it installed?"
            ) from error
