"""Which due occurrences start, and which are let go and why. Pure.

The order of the rules is the order in which a reader would ask: is the schedule suspended, is it
too late, and if several are due at once, which of them does ``catchup`` want.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from reconciler.dispatch.generation import Record
from reconciler.dispatch.occurrence import format_minute
from reconciler.policies import Catchup

CATCHUP_LIMIT: Final = 1000
"""Occurrences of one schedule that one wake starts at most; an older backlog is given up."""


class Fate(StrEnum):
    """What became of an occurrence that did not start."""

    MISSED = "missed"
    """It should have run."""
    SKIPPED = "skipped"
    """Somebody had said that it should not."""


@dataclass(frozen=True, slots=True)
class LetGo:
    """Occurrences of one schedule that do not start, for one reason.

    Attributes:
        times: epoch minutes, ascending, never empty.
    """

    name: str
    times: tuple[int, ...]
    fate: Fate
    reason: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of the rules for one schedule: epoch minutes to start, and what is let go."""

    start: tuple[int, ...]
    let_go: tuple[LetGo, ...]


def judge(record: Record, due: Sequence[int], now: int, punctuality: int) -> Verdict:
    """Apply the record's policies to its due occurrences.

    Args:
        due: epoch minutes, ascending, all at or before ``now``, none of them claimed before.
        now: epoch minute of the wake.
        punctuality: seconds that the newest occurrence may be late and still count as in time.
    """
    let_go: list[LetGo] = []

    def release(times: Sequence[int], fate: Fate, reason: str) -> None:
        if times:
            let_go.append(LetGo(record.name, tuple(times), fate, reason))

    if record.suspended is not None:
        reason = f"suspended: {record.suspended}" if record.suspended else "suspended"
        release(due, Fate.SKIPPED, reason)
        return Verdict((), tuple(let_go))

    deadline = record.deadline
    if deadline is not None:
        late = [at for at in due if (now - at) * 60 > deadline]
        release(late, Fate.MISSED, f"no wake came within its deadline of {deadline} s")
        due = due[len(late) :]

    start, superseded, reason = _catch_up(record.catchup, due, now, punctuality)
    release(superseded, Fate.MISSED, reason)
    return Verdict(tuple(start), tuple(let_go))


def _catch_up(
    catchup: Catchup, due: Sequence[int], now: int, punctuality: int
) -> tuple[Sequence[int], Sequence[int], str]:
    """Split what is due into what starts and what is given up, with the reason for the latter."""
    if not due:
        return (), (), ""
    newest = due[-1]
    match catchup:
        case Catchup.ALL:
            reason = f"more than {CATCHUP_LIMIT} occurrences to catch up with"
            return due[-CATCHUP_LIMIT:], due[:-CATCHUP_LIMIT], reason
        case Catchup.LATEST:
            reason = (
                f"no wake came in time; catchup is latest, and {format_minute(newest)} is newer"
            )
            return due[-1:], due[:-1], reason
        case Catchup.NONE:
            in_time = (now - newest) * 60 <= punctuality
            kept = 1 if in_time else 0
            reason = f"no wake came within {punctuality} s; catchup is none"
            return due[len(due) - kept :], due[: len(due) - kept], reason
