"""Warns about stored files that a command skipped because it cannot read them.

A wake writes down what it could not read. Before a command shows that, it looks at what is stored
now: what was repaired or removed since is not shown any more.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from reconciler.cron import minute
from reconciler.dispatch.ports import RunLog
from reconciler.model.cursor import CURSOR_ENTRY
from reconciler.model.formats import REPAIR, Damaged, FormatError
from reconciler.model.generation import Generation
from reconciler.model.runs_file import ReadLogs, WakeLog
from reconciler.query.damage import ENTRY

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


def require_readable(generation: Generation, name: str) -> None:
    """Raise if the schedule of that name may be one whose record cannot be read.

    Raises:
        FormatError: its record, or one that does not say its name, cannot be read.
    """
    if generation.named(name) is None and generation.may_have(name):
        one = generation.damaged[0]
        raise FormatError(f"cannot be read: {one.why}", where=one.where, remedy=REPAIR)


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


NEXT_WAKE: Final = "The next wake writes it anew."
_CLAIM: Final = (
    "No wake needs it any more. It is named for a day, or until it is removed from the Dict."
)


def remedies(damaged: Iterable[Damaged], removal: Callable[[str], str]) -> Mapping[str, str]:
    """For each damaged place what repairs it.

    Args:
        removal: the command that removes a file of our Volume.
    """
    return {one.where: _remedy(one.where, removal) for one in damaged}


def _remedy(where: str, removal: Callable[[str], str]) -> str:
    if where == CURSOR_ENTRY:
        return NEXT_WAKE
    if where.startswith(ENTRY):
        return _CLAIM
    if where.startswith("generations/"):
        return REPAIR
    return f"To remove it: {removal(where)}"
