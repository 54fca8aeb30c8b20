"""A state as a glyph and a word, and the order in which schedules need attention."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from reconciler.query.status import ScheduleStatus, State

_WORDS: Final = {
    State.MISSED: "Missed",
    State.OVERDUE: "Overdue",
    State.FAILED: "Failed",
    State.TIMED_OUT: "Timed out",
    State.LONG_RUN: "Long run",
    State.DRIFT: "Drift",
    State.WAITING: "Waiting",
    State.RUNNING: "Running",
    State.SKIPPED: "Skipped",
    State.SUSPENDED: "Suspended",
    State.CANCELLED: "Cancelled",
    State.NO_RUN: "No run yet",
    State.UNKNOWN: "Unknown",
    State.SUCCEEDED: "Succeeded",
}
ORDER: Final = tuple(_WORDS)
"""All states, in the order of the table of states."""
_URGENCY: Final = {
    State.MISSED: 0,
    State.OVERDUE: 1,
    State.FAILED: 2,
    State.TIMED_OUT: 2,
    State.WAITING: 3,
    State.LONG_RUN: 3,
    State.DRIFT: 4,
}


@dataclass(frozen=True, slots=True)
class Glyph:
    """A state as it is shown.

    Attributes:
        symbol: the name of the SVG symbol and of the class with its colour.
        word: `Failed`; with a streak from 2, `Failed ×4`.
    """

    symbol: str
    word: str


def glyph_of(one: ScheduleStatus) -> Glyph:
    """The state of a schedule."""
    word = word_of(one.state)
    streak = {State.FAILED: one.failures, State.MISSED: one.missed}.get(one.state, 0)
    return Glyph(one.state, f"{word} \N{MULTIPLICATION SIGN}{streak}" if streak > 1 else word)


def word_of(state: State) -> str:
    """The word of a state."""
    return _WORDS[state]


def urgency(one: ScheduleStatus) -> tuple[int, int]:
    """Orders schedules: those that need attention first, the worst of them at the top; all others
    are alike."""
    if one.well:
        return len(ORDER), 0
    failing = one.state in (State.FAILED, State.TIMED_OUT)
    return _URGENCY.get(one.state, len(_URGENCY)), -one.failures if failing else 0
