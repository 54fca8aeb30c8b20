"""What outlives a wake: the Dict, the runs files, the calls, and which generation is live."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from reconciler.cron import minute
from reconciler.dispatch.generation import Generation
from reconciler.dispatch.ports import Entry
from reconciler.dispatch.runs import WakeLog
from tests.simulation.virtual_time import VirtualLoop

START: Final = datetime(2026, 3, 2, tzinfo=UTC)
"""A Monday; where all simulations begin."""
FIRST_MINUTE: Final = minute(START)
ENTRY_LIFE: Final = timedelta(days=7).total_seconds()
"""Seconds without a read or a write after which an entry of a Dict is gone."""
RUNS: Final = (30.0, 600.0, 60.0, 2400.0, 30.0, 9000.0, 120.0)
"""Seconds that calls take, in turn."""


@dataclass(frozen=True, slots=True)
class Start:
    """A call that was really started.

    Attributes:
        at: true epoch second.
        skew: seconds by which the clock of the wake that started it was ahead.
        by_hand: a person had woken for it, whatever else was due.
        repeats_confirmed: an earlier start of the same occurrence was on record by then.
    """

    occurrence: str
    call: str
    at: float
    skew: float
    by_hand: bool
    repeats_confirmed: bool


@dataclass(frozen=True, slots=True)
class Execution:
    """One container's work on one wake, as it turned out.

    Attributes:
        began, ended: true epoch seconds.
        clean: nothing went wrong in it, its clock was right and what it read was new.
    """

    began: float
    ended: float
    clean: bool


@dataclass
class World:
    """See the module."""

    loop: VirtualLoop
    entries: dict[str, tuple[Entry, float]] = field(default_factory=dict)
    logs: list[WakeLog] = field(default_factory=list)
    generations: list[tuple[float, Generation]] = field(default_factory=list)
    starts: list[Start] = field(default_factory=list)
    ends: dict[str, float] = field(default_factory=dict)
    """When each call ends, as a true epoch second."""
    by_occurrence: dict[str, list[Start]] = field(default_factory=dict)
    executions: list[Execution] = field(default_factory=list)
    disturbed: set[str] = field(default_factory=set)
    """Occurrences that an execution had in hand in which something went wrong."""
    foreseen: list[tuple[float, float]] = field(default_factory=list)
    """Spans of true time that a fast clock made an execution believe to be past."""

    @property
    def now(self) -> float:
        """The true time, as an epoch second."""
        return START.timestamp() + self.loop.time()

    def get(self, key: str) -> Entry | None:
        """An entry that is still alive; reading keeps it so."""
        found = self.entries.get(key)
        if found is None or self.now - found[1] > ENTRY_LIFE:
            return None
        self.entries[key] = (found[0], self.now)
        return found[0]

    def put(self, key: str, entry: Entry) -> None:
        """Store an entry."""
        self.entries[key] = (entry, self.now)

    def put_new(self, key: str, entry: Entry) -> bool:
        """Store an entry unless there is one."""
        if self.get(key) is not None:
            return False
        self.put(key, entry)
        return True

    def live(self, as_of: float) -> Generation | None:
        """What the pointer named at a time."""
        found = [generation for at, generation in self.generations if at <= as_of]
        return found[-1] if found else None

    def start(self, occurrence: str, skew: float, *, by_hand: bool) -> str:
        """Start a call and remember it."""
        call = f"fc-{len(self.starts)}"
        earlier = self.by_occurrence.setdefault(occurrence, [])
        confirmed = {
            entry[0].get("call")
            for number in range(1, 22)
            if (entry := self.entries.get(_attempt_key(occurrence, number))) is not None
            and self.now - entry[1] <= ENTRY_LIFE
        }
        repeats = any(start.call in confirmed for start in earlier)
        start = Start(occurrence, call, self.now, skew, by_hand, repeats)
        earlier.append(start)
        self.starts.append(start)
        self.ends[call] = self.now + RUNS[len(self.starts) % len(RUNS)]
        return call

    def cancel(self, call: str) -> None:
        """End a call that is still going."""
        self.ends[call] = min(self.ends[call], self.now)


def _attempt_key(occurrence: str, number: int) -> str:
    return occurrence if number == 1 else f"{occurrence}#{number}"
