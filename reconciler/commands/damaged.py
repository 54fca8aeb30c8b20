"""Name what a command left out because it cannot be read. The command goes on with the rest."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from reconciler.cron import minute
from reconciler.dispatch.formats import Damaged
from reconciler.dispatch.ports import RunLog
from reconciler.dispatch.runs import ReadLogs, WakeLog

NAMED_AT_MOST = 20
"""Damaged files that a command names; the rest is counted."""


def warn_of_damage(damaged: Iterable[Damaged], removal: Callable[[str], str] | None = None) -> None:
    """Name on standard error what was left out.

    Args:
        removal: the command that removes a file of our Volume.
    """
    listed = list(damaged)
    for one in listed[:NAMED_AT_MOST]:
        remedy = "" if removal is None else f"\n  To remove it: {removal(one.where)}"
        print(f"reconcile: {one}; it was left out{remedy}", file=sys.stderr)
    if len(listed) > NAMED_AT_MOST:
        print(f"reconcile: and {len(listed) - NAMED_AT_MOST} more", file=sys.stderr)


@dataclass
class WarningRunLog:
    """A run log that names each file that cannot be read, once.

    Attributes:
        removal: the command that removes a file of our Volume; None to name nothing.
        damaged: those that cannot be read.
        reported: what wakes wrote down that they could not read, each with when, ISO 8601.
    """

    log: RunLog
    removal: Callable[[str], str] | None
    damaged: dict[Damaged, None] = field(default_factory=dict)
    reported: dict[Damaged, str] = field(default_factory=dict)

    async def write(self, log: WakeLog) -> None:
        """See :class:`~reconciler.dispatch.ports.RunLog`."""
        await self.log.write(log)

    async def recent(self, days: int, about: Callable[[str], bool] | None = None) -> ReadLogs:
        """See :class:`~reconciler.dispatch.ports.RunLog`."""
        found = await self.log.recent(days, about)
        if self.removal is not None:
            warn_of_damage((one for one in found.damaged if one not in self.damaged), self.removal)
        self.damaged.update(dict.fromkeys(found.damaged))
        self.reported.update((one, log.started) for log in found for one in log.damaged)
        return found

    def reported_since(self, since: int) -> Iterator[Damaged]:
        """What wakes from this epoch minute on could not read."""
        return (
            one for one, at in self.reported.items() if minute(datetime.fromisoformat(at)) >= since
        )
