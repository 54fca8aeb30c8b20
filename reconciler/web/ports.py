"""What the application uses of the world."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from reconciler.client.jobs import Outcome
from reconciler.dispatch.ports import Clock
from reconciler.plan.state import Actual
from reconciler.query.ports import QueryPorts
from reconciler.query.status import DeploymentFinding


class Results(Protocol):
    """The results of calls."""

    async def outcome(self, call: str) -> Outcome:
        """The state of a call now, with its value or its error.

        Raises:
            UnavailableError: Modal does not say.
        """
        ...


class KeySets(Protocol):
    """The public keys with which others sign."""

    async def fetch(self, url: str) -> bytes:
        """The content of a JSON Web Key Set.

        Raises:
            UnavailableError: it could not be fetched.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WebPorts:
    """What the application uses of the world.

    Attributes:
        modal: answers the questions, starts calls, and holds our Dict.
        find: says what is wrong with the deployment, from what is observed.
    """

    modal: QueryPorts
    results: Results
    key_sets: KeySets
    find: Callable[[Actual], Iterable[DeploymentFinding]]

    @property
    def clock(self) -> Clock:
        """The clock of everything that depends on time."""
        return self.modal.clock
