"""Handles signals: a command releases its lease, says so, and exits with 128 + the number.

SIGINT is Ctrl-C; SIGTERM is how containers and CI systems stop a job; SIGHUP is a terminal that was
closed. Within :func:`run` the first of them cancels the job, which then releases its lease. CI
systems send a second one soon after, which must not interrupt that; a third ends the command at
once. A signal that the command's parent set to be ignored, as `nohup` does, stays ignored.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

from reconciler.errors import ReconcileError, StoppedError

if TYPE_CHECKING:
    import asyncio

T = TypeVar("T")

STOPS: Final = tuple(
    signal.Signals[name] for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
"""The signals that stop a command; not every system has all of them."""
PATIENCE: Final = 2
"""Signals that do not yet end a command while it releases its lease."""


class SignalReceived(KeyboardInterrupt):
    """A signal stopped the command, as Ctrl-C does.

    Attributes:
        number: the number of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def number_of(stop: KeyboardInterrupt) -> int:
    """The number of the signal; Python itself raises the exception on SIGINT."""
    return stop.number if isinstance(stop, SignalReceived) else signal.SIGINT


def heed_signals() -> None:
    """Raise SIGTERM and SIGHUP as exceptions, as Ctrl-C is, so that context managers clean up."""
    for number in STOPS:
        if number != signal.SIGINT and signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, _raise)


def ignore_signals() -> None:
    """Ignore all further signals that stop a command, because it is about to end."""
    for number in STOPS:
        signal.signal(number, signal.SIG_IGN)


def _raise(number: int, _frame: FrameType | None) -> NoReturn:
    raise SignalReceived(number)


def run(job: Coroutine[Any, Any, T], *, gives_up: bool = True) -> T:
    """Run a job to its end. A signal cancels it, and it releases its lease.

    Args:
        gives_up: whether the job ends when Modal is silent for too long.

    Raises:
        SignalReceived: when the job has ended after one.
        ModalError: Modal was silent for too long; a message has named it.
    """
    import asyncio
    from time import monotonic

    from reconciler.deploy.patience import Patience, patiently
    from reconciler.dispatch.adapters.modal_failures import is_refused, where_asked

    outcome: list[T] = []
    received: list[int] = []
    patience = Patience(monotonic, _say, where_asked, is_refused)

    async def keep() -> None:
        # A task that returned a large plan would be written out by its repr: asyncio's handler of
        # Ctrl-C holds the task, and taking it off asks whether it is a known signal's number.
        asyncio.get_running_loop().set_exception_handler(_without_shutdown)
        with _cancelled_by_signals(received):
            outcome.append(await (patiently(job, patience) if gives_up else job))

    try:
        asyncio.run(keep())
    except asyncio.CancelledError:
        if not received:
            raise
    except ReconcileError as error:
        if received:
            error.exit_code = 128 + received[0]
        raise
    if received:
        raise SignalReceived(received[0])
    return outcome[0]


def _without_shutdown(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Drop the exceptions of calls to Modal that are still running when the command ends.

    The command has reported its result; asyncio would print a traceback for each of them.
    """
    if "asyncio.run() shutdown" not in context.get("message", ""):
        loop.default_exception_handler(context)


def _say(line: str) -> None:
    with suppress(OSError):  # the terminal may be closed
        print(f"reconcile: {line}", file=sys.stderr, flush=True)


@contextmanager
def _cancelled_by_signals(received: list[int]) -> Iterator[None]:
    """Cancel the current task on a signal, until the block ends; note which signals came."""
    import asyncio
    import logging
    import warnings

    task = asyncio.current_task()
    assert task is not None
    if threading.current_thread() is not threading.main_thread():
        yield  # signals reach the main thread only
        return

    def stop(number: int) -> None:
        received.append(number)
        # What Modal's client was doing is cut off, in its own thread too, and asyncio would report
        # each call whose result is no longer awaited.
        logging.getLogger("asyncio").disabled = True
        warnings.simplefilter("ignore", RuntimeWarning)
        if 1 < len(received) <= PATIENCE:
            with suppress(OSError):  # the terminal may be closed
                print(
                    "Still releasing what this command holds; the next signal ends it at once.",
                    file=sys.stderr,
                )
        else:
            task.cancel()

    with _handling(asyncio.get_running_loop(), stop):
        yield


@contextmanager
def _handling(loop: Any, stop: Callable[[int], None]) -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in STOPS}
    heeded = [number for number in STOPS if before[number] not in (signal.SIG_IGN, None)]
    try:
        for number in heeded:
            loop.add_signal_handler(number, stop, number)
    except NotImplementedError:
        heeded.clear()  # no such loop on this system: there, asyncio heeds SIGINT by itself
    try:
        yield
    finally:
        for number in heeded:
            loop.remove_signal_handler(number)
            signal.signal(number, before[number])


@contextmanager
def stopping(error: StoppedError) -> Iterator[None]:
    """Say what it means that a signal stops the command within the block."""
    try:
        yield
    except KeyboardInterrupt as stop:
        raise error.by(number_of(stop)) from None
