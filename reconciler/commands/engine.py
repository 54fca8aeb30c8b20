"""``reconcile engine``: the embedded Modal in the foreground, or a command pointed at it."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

from reconciler.errors import ReconcileError
from reconciler.workspace.local_engine import (
    STATE_FOLDER,
    find_running,
    local_engine,
    pointed_at,
)


def serve(args: Namespace) -> int:
    """Run the engine until Ctrl-C; the process becomes the engine."""
    arguments = ["-m", "reconciler.engine", "serve", "--state", str(Path.cwd() / STATE_FOLDER)]
    arguments += ["--port", str(args.port), "--crons", args.crons]
    os.execv(sys.executable, [sys.executable, *arguments])  # noqa: S606 - our own module


def variables(args: Namespace) -> int:  # noqa: ARG001 - every command takes its arguments
    """Print the variables that point a shell's Modal client at the running engine."""
    endpoint = find_running(Path.cwd() / STATE_FOLDER)
    if endpoint is None:
        raise ReconcileError(
            "no engine is running here", remedy="Start one in another terminal: reconcile engine"
        )
    for name, value in endpoint.variables.items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


def execute(args: Namespace) -> int:
    """Run a command with its Modal client pointed at the engine; returns its exit code."""
    command = args.command_line[1:] if args.command_line[:1] == ["--"] else args.command_line
    if not command:
        raise ReconcileError(
            "no command was given", remedy="For example: reconcile engine exec modal app list"
        )
    with local_engine(Path.cwd() / STATE_FOLDER) as endpoint, pointed_at(endpoint):
        try:
            return subprocess.run(command, check=False).returncode  # noqa: S603 - it is asked for
        except OSError as error:
            raise ReconcileError(
                f"cannot run {command[0]}: {error.strerror}", remedy="Is it installed?"
            ) from error
