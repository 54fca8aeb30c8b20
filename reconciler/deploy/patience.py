"""Waiting for Modal: the person who waits is shown a message, and the wait has an end.

The client itself tries an unreachable server for a minute without a word, and waits for an answer
over an open connection for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from reconciler.dispatch.adapters.modal_calls import LISTENER
from reconciler.dispatch.adapters.modal_failures import START_ENGINE
from reconciler.dispatch.answers import FailureKind, ModalError

T = TypeVar("T")

TOLD_AFTER: Final = (5.0, 15.0, 30.0)
"""Seconds of silence after which a message says so; then every :data:`SAID_EVERY`."""
SAID_EVERY: Final = 30.0
FIRST_ANSWER: Final = 70.0
"""Seconds after which nothing is expected from a Modal that has never answered. The client itself
tries for 63 to connect, and then says what stood in the way."""
LATER_ANSWER: Final = 180.0
"""The same once it has answered: it also waits out what Modal throttles."""
REFUSED_AFTER: Final = 2.0
"""Seconds of silence after which a Modal on this machine is tried: does anything listen there? An
engine that is being started again has that long."""
LOOKS: Final = 0.25
"""Seconds between two looks."""


@dataclass
class Patience:
    """How long Modal has been silent.

    Attributes:
        now: seconds of a clock that only goes forward.
        say: shows a line to the person who waits.
        where: the address that is asked, and what is there.
        refused: whether that address is on this machine and nothing listens at it.
    """

    now: Callable[[], float]
    say: Callable[[str], None]
    where: Callable[[], tuple[str, str]]
    refused: Callable[[], bool] = lambda: False
    _pending: dict[object, tuple[float, str, bool]] = field(default_factory=dict)
    _answered: float | None = None
    _told: float = 0.0
    _over: str | None = None
    _refused: bool = False

    @contextmanager
    def asking(self, what: str, *, patient: bool, due: float = 0.0) -> Iterator[None]:
        """See :class:`~reconciler.dispatch.adapters.modal_calls.Listener`.

        Raises:
            ModalError: Modal was silent for too long, or is silent and the job is being ended.
            CancelledError: the job was cancelled in the block, also when the client then answers
                or raises a time-out: a cancellation that meets the end of one of the client's own
                time limits is lost in it.
        """
        cancelled = _cancellations()
        if self._over is not None or (cancelled and self.silence >= TOLD_AFTER[0]):
            raise self.gave_up()
        key = object()
        self._pending[key] = (self.now() + due, what, patient)
        try:
            yield
            self._answered, self._told = self.now(), 0.0
        except Exception as error:
            if _cancellations() > cancelled and not isinstance(error, ModalError):
                raise asyncio.CancelledError from error
            raise
        finally:
            del self._pending[key]
        if _cancellations() > cancelled:
            raise asyncio.CancelledError

    @property
    def silence(self) -> float:
        """Seconds for which Modal owes an answer and has given none to anything."""
        if not self._pending:
            return 0.0
        since = min(begun for begun, _, _ in self._pending.values())
        return self.now() - max(since, self._answered if self._answered is not None else since)

    def look(self) -> bool:
        """Report the silence when that is due. Returns whether it has lasted too long."""
        silence = self.silence
        if silence < REFUSED_AFTER:
            return False
        # The address is looked up only now: the client has been loaded by then.
        _, what, patient = min(self._pending.values(), key=lambda one: one[0])
        if self.refused():
            self._over, self._refused = what, True
            return True
        if silence < TOLD_AFTER[0]:
            return False
        limit = FIRST_ANSWER if self._answered is None else LATER_ANSWER
        if silence >= limit and not (patient and self._answered is not None):
            self._over = what
            return True
        due = next((after for after in reversed(TOLD_AFTER) if silence >= after), 0.0)
        due = max(due, silence // SAID_EVERY * SAID_EVERY)
        if due > self._told:
            self._told = due
            address, modal = self.where()
            self.say(
                f"no answer from {modal} at {address} yet, after {due:.0f} s: it was asked to "
                f"{what}"
            )
        return False

    def gave_up(self) -> ModalError:
        """The error of a Modal that was silent for too long."""
        address, modal = self.where()
        if self._refused:
            return ModalError(
                FailureKind.CONNECTION,
                f"nothing listens at {address}, where {modal} was asked to {self._over}",
                remedy=START_ENGINE,
            )
        limit = FIRST_ANSWER if self._answered is None else LATER_ANSWER
        asked = f" when asked to {self._over}" if self._over is not None else ""
        return ModalError(
            FailureKind.TIMEOUT,
            f"{modal} did not answer within {limit:.0f} s{asked}",
            remedy=f"It was asked at {address}. Check the network, the proxy and "
            "MODAL_SERVER_URL. What was under way is completed by running it again.",
        )


def _cancellations() -> int:
    """How often the current task was asked to end."""
    task = asyncio.current_task()
    return 0 if task is None else task.cancelling()


async def patiently(
    job: Coroutine[Any, Any, T],
    patience: Patience,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> T:
    """Run a job to its end, which comes when Modal is silent for too long.

    Raises:
        ModalError: Modal was.
    """

    async def look(limit: asyncio.Timeout) -> None:
        while not patience.look():
            await pause(LOOKS)
        limit.reschedule(asyncio.get_running_loop().time())

    token = LISTENER.set(patience)
    try:
        async with asyncio.timeout(None) as limit:
            looking = asyncio.create_task(look(limit))
            try:
                return await job
            finally:
                looking.cancel()
    except TimeoutError:
        if not limit.expired():
            raise
        raise patience.gave_up() from None
    finally:
        LISTENER.reset(token)
