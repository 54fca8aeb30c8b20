"""A system tz database that differs from that of the package `tzdata`."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path

VANCOUVER_2025 = {"America/Vancouver": "PST8PDT,M3.2.0,M11.1.0"}
"""As editions before 2026 have it: Vancouver has left winter time since."""
ELSEWHERE = {"America/Vancouver": "<+0545>-5:45", "Europe/Berlin": "<-11>11"}
"""What no edition ever had."""


def write_system_zones(folder: Path, rules: Mapping[str, str]) -> Path:
    """Write a zone file for each name and return the folder, which `PYTHONTZPATH` may name.

    Args:
        rules: zone names to POSIX TZ strings, which hold at all times.
    """
    for name, rule in rules.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_zone_file(rule))
    return folder


def _zone_file(rule: str) -> bytes:
    """A TZif file of version 2 (RFC 8536) with no transitions: the footer alone has the rules."""
    header = b"TZif2" + bytes(15) + struct.pack(">6l", 0, 0, 0, 0, 1, 4)
    block = struct.pack(">lbb", 0, 0, 0) + b"LMT\0"
    return header + block + header + block + b"\n" + rule.encode() + b"\n"
