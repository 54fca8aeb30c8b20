"""Wakes that come later than a nominal time but soon enough, on masks of a day's minutes."""

from __future__ import annotations

from reconciler.cron.clock import MINUTES_PER_DAY, WHOLE_DAY
from reconciler.cron.text import members


def served_times(wakes: int, tolerance: int, *, wraps: bool) -> int:
    """Return the times of day that a wake follows within `tolerance` minutes.

    Args:
        wraps: whether the wakes are those of the following day as well, so that a time before
            midnight is served after it.
    """
    spread = wakes | wakes << MINUTES_PER_DAY if wraps else wakes
    reach = 0
    while reach < tolerance:
        step = min(reach + 1, tolerance - reach)
        spread |= spread >> step
        reach += step
    return spread & WHOLE_DAY


def next_in(times: int, wakes: int, tolerance: int, *, wraps: bool) -> int:
    """Move each of the times to the next of the wakes, where that is within `tolerance` minutes.

    Those for which there is none stay where they are.
    """
    moved = 0
    following = wakes | wakes << MINUTES_PER_DAY if wraps else wakes
    for time in members(times):
        ahead = following >> time & ((2 << tolerance) - 1)
        wait = (ahead & -ahead).bit_length() - 1 if ahead else 0
        moved |= 1 << (time + wait) % MINUTES_PER_DAY
    return moved
