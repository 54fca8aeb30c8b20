"""Which code serves the wakes of a simulation and watches over its runs."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, Protocol

from reconciler.dispatch.answers import CallStatus
from reconciler.dispatch.wake.request import Ports, WakeRequest
from reconciler.dispatch.wake.supervision import RunOrder, Supervisor
from reconciler.dispatch.wake.wake import wake


class Core(Protocol):
    """Serves wakes and watches over runs."""

    def wake(self, now: float, ports: Ports, request: WakeRequest, /) -> Awaitable[object]:
        """Serve a wake that begins at a true epoch second."""
        ...

    def supervise(
        self, since: float, order: dict[str, Any], /, **parts: Any
    ) -> Awaitable[CallStatus]:
        """Watch over a run whose supervisor was started at a true epoch second.

        Args:
            parts: what the supervisor is made of beside its order.
        """
        ...


class ThisVersion:
    """The core as it is."""

    def wake(self, _now: float, ports: Ports, request: WakeRequest, /) -> Awaitable[object]:
        """See :class:`Core`."""
        return wake(ports, request)

    def supervise(
        self, _since: float, order: dict[str, Any], /, **parts: Any
    ) -> Awaitable[CallStatus]:
        """See :class:`Core`."""
        return Supervisor(order=RunOrder.from_json(order), **parts).run()
