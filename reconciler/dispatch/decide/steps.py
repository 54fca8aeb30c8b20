"""A wake's work in steps, so that a wake that dies has not worked in vain. Pure.

After each step the runs file and the cursor are written. Without this a backlog that is too large
to be worked off between two failures would never be worked off.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from reconciler.dispatch.decide.due import Due

STEP_SIZE: Final = 200
"""Occurrences in one step, unless more are due in the same minute."""


class Step(NamedTuple):
    """Part of what is due.

    Attributes:
        through: epoch minute; all that is due at or before it is in this step or an earlier one.
    """

    through: int
    dues: tuple[Due, ...]


def in_steps(dues: Sequence[Due], now: int, size: int = STEP_SIZE) -> Iterator[Step]:
    """Cut what is due, oldest first. There is always a last step, which ends at ``now``."""
    counts: dict[int, int] = {}
    for due in dues:
        for at in (*due.start, *(at for gone in due.let_go for at in gone.times)):
            counts[at] = counts.get(at, 0) + 1
    begin, held = None, 0
    for at in sorted(counts):
        if held and held + counts[at] > size:
            yield Step(at - 1, tuple(_between(dues, begin, at - 1)))
            begin, held = at - 1, 0
        held += counts[at]
    yield Step(now, tuple(dues) if begin is None else tuple(_between(dues, begin, now)))


def _between(dues: Sequence[Due], after: int | None, until: int) -> Iterator[Due]:
    def within(times: Sequence[int]) -> tuple[int, ...]:
        return tuple(at for at in times if (after is None or after < at) and at <= until)

    for due in dues:
        cut = (item._replace(times=within(item.times)) for item in due.let_go)
        gone = tuple(item for item in cut if item.times)
        start = within(due.start)
        if start or gone:
            yield due._replace(start=start, let_go=gone)
