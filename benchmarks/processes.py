"""Time and memory of whole processes."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Measured:
    """Wall time of a process, start-up included, and the most memory that it held."""

    seconds: float
    mebibytes: float


def measure_command(
    command: Sequence[str],
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    *,
    rounds: int = ROUNDS,
) -> Measured:
    """The fastest of some runs of a command, each in a fresh process; it has to succeed."""
    return min((_run(command, cwd, env) for _ in range(rounds)), key=lambda run: run.seconds)


def _run(command: Sequence[str], cwd: Path | None, env: Mapping[str, str] | None) -> Measured:
    begun = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=cwd, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - begun
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{said}")
    return Measured(seconds, usage.ru_maxrss / 1024)
