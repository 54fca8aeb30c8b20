"""What the application uses of the world."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from reconciler.dispatch.ports import Clock
from reconciler.plan.state import Actual
from reconciler.query.ports import QueryPorts
from reconciler.query.status import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class WebPorts:
    """What the application uses of the world.

    Attributes:
        modal: answers the questions, and starts calls.
        find: says what is wrong with the deployment, from what is observed.
    """

    modal: QueryPorts
    find: Callable[[Actual], Iterable[Finding]]

    @property
    def clock(self) -> Clock:
        """The clock of everything that depends on time."""
        return self.modal.clock
