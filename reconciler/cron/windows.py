"""What a zone's clocks show in a span of time: the few local times at which a schedule can be due.

Whether expressions may have an occurrence in a span is then a question about local times alone. The
answer takes no account of what a clock change lets run only once, so it may say yes where there is
nothing, and never no where there is something.
"""

from __future__ import annotations

from typing import NamedTuple

from reconciler.cron.zone import Zone


class Window(NamedTuple):
    """Consecutive local minutes.

    Attributes:
        start: local minutes since 1970-01-01T00:00 on the local clock.
        length: how many minutes.
    """

    start: int
    length: int


def local_windows(zone: Zone, after: int, until: int) -> tuple[Window, ...]:
    """Return the local times of the epoch minutes in (after, until], and those that a change skips.

    An occurrence in the span is at a local time that the clock shows then, or it is one that was
    skipped and runs at the change, which is in the span.
    """
    windows = []
    start, offset = after + 1, zone.offset(after)
    for change in zone.transitions(after, until):
        windows.append(Window(start + offset, change.minute - start))
        windows.append(Window(change.minute + change.before, change.skips))
        start, offset = change.minute, change.after
    windows.append(Window(start + offset, until + 1 - start))
    return tuple(window for window in windows if window.length > 0)
