"""The engine's only source of the current time, so that expiry and crons can be tested."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias

Sleep: TypeAlias = Callable[[float], Awaitable[None]]
"""Waits for some seconds."""


class TimeSource(Protocol):
    """Seconds since the Unix epoch."""

    def now(self) -> float: ...


class HostClock:
    """This machine's clock."""

    def now(self) -> float:
        return time.time()
