"""How often a failed run is retried."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import Final

from reconciler.policies import pause_after


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a failed run is retried, and after which pauses.

    Args:
        max: attempts after the first.
        backoff: the pause before the second attempt.
        factor: each further pause is longer by this factor.
    """

    max: int = 0
    backoff: timedelta = timedelta(seconds=1)
    factor: float = 2.0

    def pauses(self) -> list[float]:
        """The seconds before each attempt after the first."""
        backoff = self.backoff.total_seconds()
        return [pause_after(number, backoff, self.factor) for number in range(1, self.max + 1)]

    def longest(self, timeout: timedelta | None) -> timedelta:
        """The longest time that all attempts and the pauses between them take, in whole seconds.

        Args:
            timeout: of one attempt; None if unknown, and then only the pauses count.
        """
        running = (timeout or timedelta()) * (self.max + 1)
        return running + timedelta(seconds=ceil(sum(self.pauses())))


NO_RETRIES: Final = Retries()
