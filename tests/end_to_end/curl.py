"""curl, which shares no code with what it asks."""

from __future__ import annotations

import shutil
import subprocess

__all__ = ["curl"]


def curl(url: str, *options: str) -> tuple[int, str]:
    """Status and body of an answer."""
    program = shutil.which("curl")
    assert program is not None, "curl is not installed"
    done = subprocess.run(
        [program, "-sS", "--max-time", "60", "-w", "\n%{http_code}", *options, url],
        capture_output=True,
        text=True,
        check=True,
    )
    body, _, status = done.stdout.rpartition("\n")
    return int(status), body
