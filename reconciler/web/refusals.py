"""How many requests were refused, per reason and hour: one bounded entry, never one per request.

Written at most once a minute, and when the application ends; a container that is killed loses what
it counted in its last minute.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from reconciler.dispatch.answers import UnavailableError
from reconciler.dispatch.ports import Claims, Clock
from reconciler.model.formats import Entry

KEY: Final = "web-refusals"
KEPT: Final = timedelta(hours=48)
EVERY: Final = timedelta(minutes=1)
REASONS: Final = frozenset(
    {
        "access",
        "ahead",
        "body-too-large",
        "function",
        "host",
        "idempotency",
        "no-credentials",
        "nominal-time",
        "origin",
        "rate",
        "scope",
        "session",
        "signature",
        "slow-body",
        "timestamp",
        "token",
        "unknown-job",
    }
)
"""Reasons that are counted by name; all others are ``other``."""
OTHER: Final = "other"


@dataclass
class Refusals:
    """Counts refusals. One container counts at a time, so that reading and writing need no lock."""

    claims: Claims
    clock: Clock
    _counted: Counter[tuple[str, str]] = field(default_factory=Counter)
    _written: datetime | None = None

    def count(self, reason: str) -> None:
        """Count one."""
        hour = f"{self.clock.now().astimezone(UTC):%Y-%m-%dT%HZ}"
        self._counted[hour, reason if reason in REASONS else OTHER] += 1

    async def flush(self, *, now: bool = False) -> None:
        """Write what was counted, if the last time was a minute ago; with ``now`` in any case.

        What cannot be written is kept for the next time.
        """
        at = self.clock.now()
        due = self._written is None or at - self._written >= EVERY
        if not self._counted or not (due or now):
            return
        counted, self._counted, self._written = self._counted, Counter(), at
        try:
            total = counts_of(await self.claims.get(KEY))
            total.update(counted)
            await self.claims.put(KEY, _entry(total, at))
        except UnavailableError:
            self._counted.update(counted)


def counts_of(entry: Entry | None) -> Counter[tuple[str, str]]:
    """How many requests were refused, by hour (``2026-12-01T05Z``) and reason. An entry that is
    not ours counts nothing."""
    found: Counter[tuple[str, str]] = Counter()
    hours = {} if entry is None else entry.get("hours")
    if not isinstance(hours, dict):
        return found
    for hour, reasons in hours.items():
        if isinstance(hour, str) and isinstance(reasons, dict):
            for reason, number in reasons.items():
                if reason in {*REASONS, OTHER} and type(number) is int:
                    found[hour, reason] = number
    return found


def _entry(counts: Counter[tuple[str, str]], now: datetime) -> Entry:
    oldest = f"{now.astimezone(UTC) - KEPT:%Y-%m-%dT%HZ}"
    hours: dict[str, dict[str, int]] = {}
    for (hour, reason), number in sorted(counts.items()):
        if hour >= oldest:
            hours.setdefault(hour, {})[reason] = number
    return {"format": 1, "hours": hours}
