"""How a backfill stands, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.model.backfill import Backfill, BackfillEnd, BackfillState, Progress
from reconciler.model.formats import Damaged
from reconciler.model.runs import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillStatus:
    """How a backfill stands.

    Attributes:
        end: why it is over; None while it is not.
        state: what a person has decided of it.
        progress: None when it is lost: the backfill waits for ``resume``.
        open: its runs that are running, or that a later wake is to start.
    """

    backfill: Backfill
    end: BackfillEnd | None
    state: BackfillState
    progress: Progress | None
    open: int = 0

    @property
    def word(self) -> str:
        """``running``, ``paused``, ``cancelled`` or ``done``."""
        if self.end is not None:
            return "cancelled" if self.end.cancelled else "done"
        if self.state is BackfillState.RUNNING and self.progress is None:
            return "paused"
        return self.state.value

    @property
    def started(self) -> int | None:
        """How many of its runs were started; None when that is not known."""
        if self.end is not None and not self.end.cancelled:
            return len(self.backfill.runs)
        return None if self.progress is None else self.progress.next


@dataclass(frozen=True, slots=True)
class BackfillList:
    """Backfills, those that are not over first, then the newest.

    Attributes:
        damaged: plans that cannot be read.
    """

    backfills: tuple[BackfillStatus, ...] = ()
    damaged: tuple[Damaged, ...] = ()


@dataclass(frozen=True, slots=True)
class BackfillDetails:
    """One backfill with its runs.

    Attributes:
        runs: those of its runs that the history has.
        outcomes: how many runs stand how; those without a line are ``not started``.
        damaged: what of the history cannot be read.
    """

    status: BackfillStatus
    runs: tuple[Run, ...]
    outcomes: Mapping[str, int] = field(default_factory=dict)
    damaged: tuple[Damaged, ...] = ()
