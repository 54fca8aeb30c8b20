"""How long the runs of a schedule usually take, and which take longer. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median
from typing import Final, Self

from reconciler.model.runs import Run, begun, duration
from reconciler.model.runs_file import RunState

COMPARED: Final = 50
"""The newest successes with which a run is compared."""
FEWEST: Final = 3
"""Of fewer successes it is not known what is usual."""
TIMES: Final = 2
"""A long run takes this many times as long as the middle one of them."""


@dataclass(frozen=True, slots=True)
class Usual:
    """How long the newest successes of a schedule took, in seconds.

    A run ends at the latest when a wake sees it, so it took no longer than that.
    """

    shortest: int
    median: int
    longest: int
    successes: int

    @classmethod
    def of(cls, runs: Iterable[Run]) -> Self | None:
        """Count the newest successes; None when there are too few.

        Args:
            runs: of one schedule.
        """
        ended = [run for run in runs if run.state is RunState.SUCCEEDED]
        newest = sorted(ended, key=begun, reverse=True)
        took = [length for run in newest if (length := duration(run)) is not None][:COMPARED]
        if len(took) < FEWEST:
            return None
        return cls(min(took), round(median(took)), max(took), len(took))

    def is_exceeded_by(self, seconds: float) -> bool:
        """Whether a run of this length takes longer than each of them, and twice the usual."""
        return seconds > self.longest and seconds > TIMES * self.median
