"""Limits on how often a sender may ask: token buckets, in memory."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil
from typing import Final

from reconciler.dispatch.ports import Clock
from reconciler.web.problems import RequestError

SENDERS: Final = 10_000
"""Senders that are remembered. The one that has been quiet for longest is forgotten first: its
bucket is full again, or nearly."""


@dataclass(frozen=True, slots=True)
class Rate:
    """How often.

    Attributes:
        burst: requests at once.
        every: seconds after which there is one more.
    """

    burst: int
    every: float


ASKING: Final = Rate(burst=500, every=0.01)
"""Requests of one credential."""
FAILING: Final = Rate(burst=10, every=6.0)
"""Requests of one address whose credentials are wrong. A request with a right one always passes:
senders behind one proxy share an address, and a stranger must not silence them."""


@dataclass(slots=True)
class _Bucket:
    left: float
    at: datetime


@dataclass
class TokenBuckets:
    """A bucket per sender. Invariant: in any ``t`` seconds a sender takes at most ``burst`` plus
    ``t / every``, however the clock is set back."""

    rate: Rate
    clock: Clock
    _buckets: OrderedDict[str, _Bucket] = field(default_factory=OrderedDict)

    def take(self, sender: str) -> float | None:
        """Take one; None when there was one, else the seconds until there is."""
        now = self.clock.now()
        bucket = self._buckets.pop(sender, None) or _Bucket(self.rate.burst, now)
        passed = max(0.0, (now - bucket.at).total_seconds())
        bucket.left = min(float(self.rate.burst), bucket.left + passed / self.rate.every)
        bucket.at = now
        self._buckets[sender] = bucket
        if len(self._buckets) > SENDERS:
            self._buckets.popitem(last=False)
        if bucket.left < 1:
            return (1 - bucket.left) * self.rate.every
        bucket.left -= 1
        return None

    def require(self, sender: str) -> None:
        """Take one.

        Raises:
            RequestError: there is none (429).
        """
        wait = self.take(sender)
        if wait is not None:
            raise too_many(wait)


def too_many(wait: float) -> RequestError:
    """The error of a sender that asks too often."""
    seconds = max(1, ceil(wait))
    return RequestError(
        429,
        "rate",
        f"too many requests; the next one is answered in {seconds} s",
        headers={"Retry-After": str(seconds)},
    )
