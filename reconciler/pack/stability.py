"""How much a packing may cost to be left as it is.

The best packing after a small change may be quite another one, a few wakes cheaper: everything
would move and the plan would be unreadable. So the packing at hand is kept, new schedules put where
they cost least, as long as it costs at most `TOLERATED` percent more than the best one found.
It is measured against the best each time, so that small losses do not add up.
"""

from __future__ import annotations

from typing import Final

TOLERATED: Final = 1
"""Percent."""


def good_enough(kept: int, best: int) -> bool:
    """Whether a packing that costs `kept` may stay when another would cost `best`."""
    return kept * 100 <= best * (100 + TOLERATED)
