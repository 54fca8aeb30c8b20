"""A wake's work in steps, so that a wake that dies has not worked in vain. Pure.

After each step the runs file and the cursor are written. Without this a backlog that is too large
to be worked off between two failures would never be worked off.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from reconciler.dispatch.due import Due
from reconciler.dispatch.policy import LetGo

STEP_SIZE: Final = 200
"""Occurrences in one step, unless more are due in the same minute."""


@dataclass(frozen=True, slots=True)
class Step:
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
        gone = tuple(_cut(item, within(item.times)) for item in due.let_go if within(item.times))
        start = within(due.start)
        if start or gone:
            yield replace(due, start=start, let_go=gone)


def _cut(let_go: LetGo, times: tuple[int, ...]) -> LetGo:
    return replace(let_go, times=times)
