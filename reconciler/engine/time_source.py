"""The engine's only source of the current time, so that expiry and crons can be tested."""

from __future__ import annotations

import time
from typing import Protocol


class TimeSource(Protocol):
    """Seconds since the Unix epoch."""

    def now(self) -> float: ...


class HostClock:
    """This machine's clock."""

    def now(self) -> float:
        return time.time()
