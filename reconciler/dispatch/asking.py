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

    def asking(self, what: str, *, patient: bool) -> AbstractContextManager[None]:
        """Args: what Modal is asked to do; whether it may take as long as it likes."""
        ...


LISTENER: Final[ContextVar[Listener | None]] = ContextVar("LISTENER", default=None)


@contextmanager
def asking(what: str, *, patient: bool = False) -> Iterator[None]:
    """Let the listener know that Modal is asked within the block.

    Args:
        what: an infinitive, such as ``list the apps``. Never holds a secret.
        patient: Modal may take long to do it, such as to build an image.
    """
    listener = LISTENER.get()
    if listener is None:
        yield
        return
    with listener.asking(what, patient=patient):
        yield
