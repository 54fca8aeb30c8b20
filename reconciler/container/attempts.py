"""Records each attempt of a run in our Dict, and claims it under at-most-once.

Modal retries a failed input, and starts the input of a container that it takes away again; a caller
sees neither. Invariant: *under at-most-once an attempt runs only if every earlier one of its call
has recorded that it failed*.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Protocol, TypeVar

from reconciler.attempts import AttemptState, attempt_key

T = TypeVar("T")

MOST: Final = 100
"""Attempts of one call that are counted."""
_REASON_LENGTH: Final = 500


class Entries(Protocol):
    """Our Dict, as far as attempts need it."""

    def put(self, key: str, value: Any, *, skip_if_exists: bool = False) -> bool:
        """Store an entry; False if it was there and may not be replaced."""
        ...

    def get(self, key: str, default: Any = None) -> Any:
        """An entry, or the default."""
        ...


class MayHaveRunError(Exception):
    """An earlier attempt of this run may have run, and its delivery is at-most-once."""


@dataclass
class Attempt:
    """One attempt at a call.

    Attributes:
        number: counted from 1.
        began: processor seconds that this process had used before.
    """

    call: str
    number: int
    entries: Entries
    entry: dict[str, str]
    began: float = field(default_factory=lambda: _processor_seconds())

    def end(self, state: AttemptState, reason: str = "") -> None:
        """Record how it ended."""
        used = f"cpu {_processor_seconds() - self.began:.2f}s, memory {_peak_mebibytes()}Mi"
        ended = {
            **self.entry,
            "state": state.value,
            "ended": _now(),
            "used": used,
            "reason": reason[:_REASON_LENGTH],
        }
        self.entries.put(attempt_key(self.call, self.number), ended)


def begin(call: str, entries: Entries, *, at_most_once: bool) -> Attempt:
    """Record that an attempt begins.

    Raises:
        MayHaveRunError: it must not run.
    """
    entry = {"state": AttemptState.STARTED.value, "at": _now(), "container": _container()}
    number = 1
    while not entries.put(attempt_key(call, number), entry, skip_if_exists=True):
        number += 1
        if number > MOST:
            raise MayHaveRunError(f"call {call} was started more than {MOST} times")
    attempt = Attempt(call, number, entries, entry)
    if at_most_once and number > 1:
        before: Mapping[str, str] = entries.get(attempt_key(call, number - 1)) or {}
        if before.get("state") != AttemptState.FAILED:
            reason = f"attempt {number - 1} may have run; delivery is at-most-once"
            attempt.end(AttemptState.REFUSED, reason)
            raise MayHaveRunError(reason)
    return attempt


def unless_unavailable(act: Callable[[], T], fallback: T) -> T:
    """The result of an act that records something; a run does not fail because that failed."""
    try:
        return act()
    except MayHaveRunError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever the client raises: the run counts more
        print(f"this attempt could not be recorded: {type(error).__name__}: {error}")
        return fallback


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _container() -> str:
    return os.environ.get("MODAL_TASK_ID", "")


def _processor_seconds() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def _peak_mebibytes() -> int:
    """The most memory that this process, or one that it started, has had; Linux counts in KiB."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return max(one.ru_maxrss for one in used) // 1024
