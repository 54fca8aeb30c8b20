"""What a wake costs: the seconds that it is billed for, times what Modal charges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import fmean
from typing import Final, Self

CORES: Final = 0.125
GIB: Final = 0.125
"""The least container that Modal bills, which the dispatcher's is."""
SCALEDOWN: Final = timedelta(seconds=2)
"""How long a container of ours stays idle after a wake, which is billed: the least that Modal
allows, since the next wake is minutes away."""
STARTUP: Final = timedelta(seconds=1)
"""Assumed time in which a container starts, which no wake can measure, but a probe can."""
ASSUMED: Final = timedelta(seconds=2)
"""Assumed time of a wake's own work, while none was measured."""
_HOUR: Final = 3600


@dataclass(frozen=True, slots=True)
class Rates:
    """What Modal charges, in dollars.

    Attributes:
        core_hour: for a core and hour.
        gib_hour: for a GiB of memory and hour.
    """

    core_hour: float
    gib_hour: float


LIST_PRICE: Final = Rates(core_hour=0.0000131 * _HOUR, gib_hour=0.00000222 * _HOUR)
"""Modal's published price (November 2026)."""


@dataclass(frozen=True, slots=True)
class WakePrice:
    """What a wake costs, and how that is known.

    Attributes:
        seconds: that one is billed for, idle time and start included.
        measured: wakes whose work was measured for that; 0 when it is assumed.
        probed: whether the time in which a container starts was measured by a probe.
        live: whether the rates are the workspace's own; else they are the list price.
    """

    seconds: float
    measured: int
    rates: Rates
    live: bool
    probed: bool = False

    @classmethod
    def of(
        cls, measured: Sequence[float], rates: Rates | None, startup: float | None = None
    ) -> Self:
        """The price of a wake.

        Args:
            measured: seconds of work of past wakes.
            rates: the workspace's, None when they could not be read.
            startup: seconds in which a container starts, as a probe measured them; None for none.
        """
        work = fmean(measured) if measured else ASSUMED.total_seconds()
        begin = STARTUP.total_seconds() if startup is None else startup
        return cls(
            seconds=round(work + begin + SCALEDOWN.total_seconds(), 1),
            measured=len(measured),
            rates=rates or LIST_PRICE,
            live=rates is not None,
            probed=startup is not None,
        )

    def usd(self, wakes: int) -> float:
        """What so many wakes cost in dollars."""
        an_hour = CORES * self.rates.core_hour + GIB * self.rates.gib_hour
        return round(wakes * self.seconds * an_hour / _HOUR, 4)
