"""What Modal is being asked, for a person who waits for the answer.

A container has no listener: there, asking costs one look at a context variable.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Final, Protocol


class Listener(Protocol):
    """Learns of each call to Modal for as long as it is under way."""

    def asking(self, what: str, *, patient: bool, due: float = 0.0) -> AbstractContextManager[None]:
        """Args: what Modal is asked to do; whether it may take as long as it likes; the seconds
        for which it was asked to hold its answer back."""
        ...


LISTENER: Final[ContextVar[Listener | None]] = ContextVar("LISTENER", default=None)


@contextmanager
def asking(what: str, *, patient: bool = False, due: float = 0.0) -> Iterator[None]:
    """Let the listener know that Modal is asked within the block.

    Args:
        what: an infinitive, such as ``list the apps``. Never holds a secret.
        patient: Modal may take long to do it, such as to build an image.
        due: seconds for which Modal holds its answer back because it was asked to (a long poll).
    """
    listener = LISTENER.get()
    if listener is None:
        yield
        return
    with listener.asking(what, patient=patient, due=due):
        yield
