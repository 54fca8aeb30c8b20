"""The number of slots that may be used."""

from __future__ import annotations

from reconciler.errors import ReconcileError


class BudgetError(ReconcileError):
    """There are schedules to wake for and no cron to do it with."""

    def __init__(self, members: int) -> None:
        super().__init__(
            f"no cron is left to wake for {members} schedules",
            remedy="free one of the crons that others hold, or lower `reserve`",
        )


def require(budget: int | None, members: int) -> None:
    """Make sure that a budget suffices for any packing at all; None is no limit.

    Raises:
        BudgetError: the budget is less than 1 and there are members.
    """
    if members and budget is not None and budget < 1:
        raise BudgetError(members)
