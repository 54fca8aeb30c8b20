"""What a run uses: processor time and peak memory of its container's process.

Linux only; elsewhere nothing is measured. Processes that the run started count once they have ended
and were waited for.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_RESET_PEAK: Final = "5"
"""What makes the kernel forget the peak; see proc_pid_clear_refs(5)."""
_PEAK: Final = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)
_TICK: Final = float(os.sysconf("SC_CLK_TCK"))


@dataclass(frozen=True)
class Usage:
    """``cpu`` in seconds, ``peak`` in bytes. Of inputs that ran at the same time, their sum."""

    cpu: float
    peak: int

    def __str__(self) -> str:
        return f"{self.cpu:.2f} s of CPU, at most {self.peak / (1 << 20):.0f} MiB"


def begin(pid: int) -> float | None:
    """The processor seconds so far; the peak of memory counts from now on. None if unknown."""
    with suppress(OSError):  # then the peak is that of the process's life
        Path(f"/proc/{pid}/clear_refs").write_text(_RESET_PEAK)
    return _cpu(pid)


def since(pid: int, began: float | None) -> Usage | None:
    """The usage since ``begin``; None if it cannot be known, or the process has ended."""
    cpu = _cpu(pid)
    if began is None or cpu is None:
        return None
    try:
        found = _PEAK.search(Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return None
    return Usage(cpu - began, int(found[1]) << 10) if found else None


def _cpu(pid: int) -> float | None:
    """Of the process, and of its children that have ended."""
    try:
        # The program's name is in parentheses, and may hold spaces and parentheses itself.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return sum(int(ticks) for ticks in fields[11:15]) / _TICK
