"""Time and memory of whole processes."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

ROUNDS: Final = 5


class Command(NamedTuple):
    """A command. Without ``env`` it gets the variables of this process.

    Attributes:
        codes: the exit codes of success.
    """

    arguments: tuple[str, ...]
    cwd: Path | None = None
    env: Mapping[str, str] | None = None
    codes: tuple[int, ...] = (0,)


class Measured(NamedTuple):
    """Wall time of a process, start-up included, and the most memory that it held.

    The kernel counts at least what this process held when it started the other.
    """

    seconds: float
    mebibytes: float


def measure(*commands: Command, rounds: int = ROUNDS) -> list[Measured]:
    """The fastest of some runs of each command, each in a fresh process.

    The commands alternate, so that the rest of the machine's load falls upon all. Each first runs
    once, unmeasured: that leaves bytecode and full caches behind.
    """
    for command in commands:
        _run(command)
    runs = [[_run(command) for command in commands] for _ in range(rounds)]
    return [min(of_one, key=lambda run: run.seconds) for of_one in zip(*runs, strict=True)]


def output_of(command: Command) -> str:
    """Run it once; returns what it printed."""
    done = subprocess.run(
        command.arguments,
        cwd=command.cwd,
        env=command.env,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in command.codes:
        raise SystemExit(f"{' '.join(command.arguments)} failed:\n{done.stderr}")
    return done.stdout


def _run(command: Command) -> Measured:
    begun = time.perf_counter()
    process = subprocess.Popen(
        command.arguments,
        cwd=command.cwd,
        env=command.env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - begun
    if process.returncode not in command.codes:
        raise SystemExit(f"{' '.join(command.arguments)} failed:\n{said}")
    return Measured(seconds, usage.ru_maxrss / 1024)
