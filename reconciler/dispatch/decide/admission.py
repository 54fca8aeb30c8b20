"""What an occurrence may do, given the runs of its schedule that came before it."""

from __future__ import annotations

from enum import Enum
from typing import Final, NamedTuple

_REPLACED: Final = "replaced "
_RUNNING: Final = ", still running"


class Admission(Enum):
    """What an occurrence may do."""

    START = "start"
    WAIT = "wait"
    """Until the one before it is settled."""
    QUEUE = "queue"
    SKIP = "skip"
    MISS = "miss"
    REPLACE = "replace"


class Admitted(NamedTuple):
    """A decision about one occurrence.

    Attributes:
        behind: the occurrence that is still running, when that is what decided.
        call: its call.
        reason: for the history; None when there is nothing new to say.
    """

    admission: Admission
    behind: str = ""
    call: str = ""
    reason: str | None = None


def replacing(behind: str) -> str:
    """The reason of a start that ended an earlier run, given that run's occurrence id."""
    return f"{_REPLACED}{behind}{_RUNNING}"


def replaced_in(reason: str) -> str | None:
    """The occurrence id that :func:`replacing` was given; None when the reason is another."""
    if reason.startswith(_REPLACED) and reason.endswith(_RUNNING):
        return reason[len(_REPLACED) : -len(_RUNNING)]
    return None


def running_key(name: str) -> str:
    """The Dict key of a schedule's last started call."""
    return f"running/{name}"
