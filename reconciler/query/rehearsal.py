"""What the next wake would do, as data. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from reconciler.model.formats import Damaged
from reconciler.model.runs import Run
from reconciler.model.runs_file import RunRecord


class Will(Enum):
    """What a wake would do about an occurrence."""

    START = "would start"
    TRY = "would try"
    """Start what earlier wakes had found due, and could not start."""
    FAIL = "would fail"
    """Try to start it, in vain; a later wake tries again."""
    WAIT = "would wait"
    DROP = "would be"
    """Not start it, and say why: ``would be missed``, ``would be skipped``."""
    RECORD = "would record"
    """Write down how a call has ended."""
    REPORT = "would report"
    """Write down that a task cannot be read."""
    NOTHING = "was"
    """An earlier wake has settled it: ``was started``."""


@dataclass(frozen=True, slots=True)
class Line:
    """What a wake would do about one occurrence, or about several that it drops alike.

    Attributes:
        record: the line that it would write down.
        function: ``app/function``; empty when that is not known.
        before: what the history says of the attempts before; None when there were none.
    """

    will: Will
    record: RunRecord
    function: str
    before: Run | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What a wake would do.

    Attributes:
        now: the epoch minute up to which it would look.
        alone: it would look at that minute only.
        damaged: entries of the Dict that it would leave out, because they cannot be read.
    """

    now: int
    alone: bool
    damaged: tuple[Damaged, ...] = ()
    lines: tuple[Line, ...] = ()

    def of(self, *wills: Will) -> Iterator[Line]:
        """The lines of this kind."""
        return (line for line in self.lines if line.will in wills)
