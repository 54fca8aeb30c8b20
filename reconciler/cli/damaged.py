"""Warns about stored files that a command skipped because it cannot read them.

The command continues with the other files. A wake records what it could not read; before a command
shows such a record, it checks the stored file or entry again, and drops what was repaired or
removed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from reconciler.cli.terminal import say
from reconciler.dispatch.ports import RunLog
from reconciler.model.cursor import CURSOR_ENTRY
from reconciler.model.formats import REPAIR, Damaged
from reconciler.model.runs_file import ReadLogs, WakeLog
from reconciler.query.still_damaged import ENTRY

NAMED_AT_MOST = 20
"""Damaged files that a command names; it counts the rest."""


def warn_of_damage(damaged: Iterable[Damaged], removal: Callable[[str], str] | None = None) -> None:
    """Name the skipped files on standard error.

    Args:
        removal: returns the command that removes a file of the Volume.
    """
    listed = list(damaged)
    for one in listed[:NAMED_AT_MOST]:
        # The live generation is not removed, but repaired.
        remedy = ""
        if removal is not None and not one.where.startswith("generations/"):
            remedy = f"\n  To remove it: {removal(one.where)}"
        say(f"reconcile: {one}; it was skipped{remedy}")
    if len(listed) > NAMED_AT_MOST:
        say(f"reconcile: and {len(listed) - NAMED_AT_MOST} more")


@dataclass
class WarningRunLog:
    """A run log that names each unreadable file once.

    Attributes:
        removal: returns the command that removes a file of the Volume.
        damaged: the unreadable files.
    """

    log: RunLog
    removal: Callable[[str], str]
    damaged: dict[Damaged, None] = field(default_factory=dict)

    async def write(self, log: WakeLog) -> None:
        """See :class:`~reconciler.dispatch.ports.RunLog`."""
        await self.log.write(log)

    async def recent(self, days: int, about: Callable[[str], bool] | None = None) -> ReadLogs:
        """See :class:`~reconciler.dispatch.ports.RunLog`."""
        found = await self.log.recent(days, about)
        warn_of_damage((one for one in found.damaged if one not in self.damaged), self.removal)
        self.damaged.update(dict.fromkeys(found.damaged))
        return found


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
