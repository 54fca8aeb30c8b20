"""Slots that share the wakes for a schedule: the search among pieces instead of whole schedules.

It starts from a packing of whole schedules and only ever makes it cheaper. What it finds is tight:
no cover can lose a value without a piece that no other cover has.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from reconciler.pack.groups import Groups, union
from reconciler.pack.pieces import Pieces
from reconciler.pack.rearranging import Effort, rearranged

MOST_SLOTS: Final = 8
"""Between more slots nothing is divided: there is little left to gain."""
ROUNDS: Final = 300
"""Rounds of taking apart in all, for each number of slots."""
WORK: Final = 100_000
"""Rounds times pieces, a bound on time."""
PATIENCE: Final = 60
"""Rounds that may fail in a row."""


@dataclass(frozen=True, slots=True)
class Division:
    """How schedules may be divided among slots.

    Attributes:
        pieces: what has to be in some slot's cover.
        fits: whether slots with such covers can each be some schedule's.
    """

    pieces: Pieces
    fits: Callable[[Sequence[int]], bool]

    def improved(self, whole: Groups, parts: Groups | None, before: Groups | None) -> Groups:
        """Return the cheapest of: `whole`, `before`, and what dividing makes of all three.

        Args:
            whole: a packing of whole schedules.
            parts: one of their parts by days.
            before: what this returned for one slot less.
        """
        if whole.total <= self.pieces.least:
            return whole
        found = [whole]
        starts = [self.cut(whole.covers)]
        if parts is not None:
            starts.append(self.cut(parts.covers))
        if before is not None:
            starts.append(self.cut([*before.covers, 0]))
            found.append(before)
        for start in starts:
            start.tidy(range(len(start.members)))
        best = min(starts, key=lambda groups: groups.total)
        if 1 < len(best.members) <= MOST_SLOTS:
            pieces = len(self.pieces.each)
            best = rearranged(best, Effort(min(ROUNDS, WORK // pieces), PATIENCE, pieces))
        tight = self.cut([cover for cover in self.tight(best.covers) if cover])
        if self.fits(tight.covers):
            found.append(tight)
        return min(found, key=lambda groups: groups.total)

    def cut(self, covers: Sequence[int]) -> Groups:
        """Put each piece where a cover has it, into the first that does."""
        members: list[list[int]] = [[] for _ in covers]
        for piece in self.pieces.each:
            home = next(n for n, cover in enumerate(covers) if cover | piece == cover)
            members[home].append(piece)
        return Groups.of(members)

    def tight(self, covers: Sequence[int]) -> list[int]:
        """Take from each cover what the others have; some may need nothing of their own.

        No cover can then be smaller, and tight covers stay as they are.
        """
        tight = list(covers)
        for n in range(len(tight)):
            others = tight[:n] + tight[n + 1 :]
            own = (p for p in self.pieces.each if not any(cover | p == cover for cover in others))
            tight[n] = union(own)
        return tight
