"""What outlives a wake: the Dict, the runs files, the calls, and which generation is live."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from reconciler.cron import minute
from reconciler.dispatch.answers import CallState, CallStatus
from reconciler.dispatch.decide.overlap import closed_queue, queue_key
from reconciler.dispatch.wake.sending import ClaimedSending
from reconciler.model.claim import ClaimState
from reconciler.model.cursor import CURSOR_KEY, Cursor, cursor_of
from reconciler.model.formats import Entry, as_entry
from reconciler.model.generation import Generation
from reconciler.model.occurrence import Occurrence
from reconciler.model.runs_file import ReadLogs, WakeLog, decode_compacted
from tests.simulation.virtual_time import VirtualLoop

if TYPE_CHECKING:
    from tests.simulation.faults import Container

START: Final = datetime(2026, 3, 2, tzinfo=UTC)
"""A Monday; where all simulations begin."""
START_SECOND: Final = START.timestamp()
FIRST_MINUTE: Final = minute(START)
ENTRY_LIFE: Final = timedelta(days=7).total_seconds()
"""Seconds without a read or a write after which an entry of a Dict dies."""
RESULT_LIFE: Final = timedelta(days=7).total_seconds()
"""Seconds after its end for which Modal keeps the result of a call."""
RUNS: Final = (30.0, 600.0, 60.0, 20.0, 1800.0, 30.0, 90.0, 7200.0, 45.0)
"""Seconds that calls take, in turn."""
NOTICE_PREFIX: Final = "notice/"
FAILING: Final = 3
"""One of so many calls fails."""


def notice_of(key: str) -> str:
    """The id of the notice that an entry ``notice/ID/ADDRESS`` is about."""
    return key.removeprefix(NOTICE_PREFIX).rpartition("/")[0]


def counted(miss: Occurrence) -> str:
    """The fact that an alarm has counted a miss."""
    return f"missed/{miss.id}"


@dataclass(slots=True)
class Call:
    """A call of a target, or of the supervisor.

    Attributes:
        occurrence: the id that it was passed.
        began, ends: true epoch seconds; the end is unknown while a supervisor watches.
        state: how it ends.
        skew: seconds by which the clock of the container that started it was ahead.
        by_hand: a wake that a person asked for started it.
        repeats_confirmed: an earlier start of the same occurrence was on record by then.
        order: of the supervisor; None for a target.
        job: the supervisor at work.
        closed: true epoch second at which the supervisor closed the queue behind its run.
        tries: how the supervisor reports them.
    """

    id: str
    occurrence: str
    began: float
    ends: float
    state: CallState
    skew: float = 0.0
    by_hand: bool = False
    repeats_confirmed: bool = False
    order: dict[str, Any] | None = None
    job: asyncio.Task[None] | None = None
    closed: float = float("inf")
    tries: tuple[str, ...] = ()

    def end(self, at: float, status: CallStatus) -> None:
        """Come to an end, unless it had."""
        if at < self.ends:
            self.ends, self.state, self.tries = at, status.state, status.tries

    def status(self, now: float) -> CallStatus:
        """How it stands."""
        if now < self.ends:
            return CallStatus(CallState.RUNNING)
        if now > self.ends + RESULT_LIFE:
            return CallStatus(CallState.EXPIRED)
        return CallStatus(self.state, tries=self.tries)


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


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm that the recipient was sent.

    Attributes:
        at: true epoch second.
        fields: of its JSON.
        sender: the container of the wake that sent it.
        noted_before: an entry that could be read said by then that it had been sent.
    """

    at: float
    fields: Mapping[str, Any]
    sender: Container
    noted_before: bool

    @property
    def id(self) -> str:
        """The id of the notice, the same each time that it is sent."""
        return str(self.fields["id"])


@dataclass(slots=True)
class RunsFile:
    """One runs file on the Volume, encoded and decoded by the product's own code.

    Attributes:
        log: what the wake wrote.
        content: the bytes that are there, which may have become unreadable since.
    """

    log: WakeLog
    content: bytes = b""
    _whole: ReadLogs | None = None

    def __post_init__(self) -> None:
        self.content = self.log.encode()

    def garble(self, content: bytes) -> None:
        """Replace the content."""
        self.content, self._whole = content, None

    def read(self, about: Callable[[str], bool] | None = None) -> ReadLogs:
        """What a container reads; decoded once, since wakes read the same files again and again."""
        if self._whole is None:
            self._whole = decode_compacted(self.content, self.log.path)
        if about is None:
            return self._whole
        if self._whole.damaged:
            return decode_compacted(self.content, self.log.path, about)
        return ReadLogs(
            replace(log, records=tuple(line for line in log.records if about(line.name)))
            for log in self._whole
        )


@dataclass(slots=True)
class Harm:
    """What was done to the stored state, and which facts it may touch.

    Attributes:
        claims: ids of occurrences of which a claim became unreadable.
        tasks: ids of tasks whose files or entries became unreadable or were removed.
        notices: ids of notices of which an entry became unreadable.
        running: schedule to the true epoch seconds at which the entry of its run became unreadable.
        emptied, repaired: true epoch seconds between which the Volume held nothing that is live.
        made_anew: whether the deployed functions held another Volume then.
        uncounted: true epoch second up to which the repair knew nothing of what was due.
        known: what was known when the Volume was emptied: the ids of what was open, and
            :func:`counted` of each miss that an alarm had counted.
        cursor_lost: true epoch second at which the cursor was last lost or became unreadable.
        forgotten: what of ``known`` neither the cursor nor a runs file said any more; the misses
            that a cursor counted which was lost, and that no runs file lists; and the counted
            misses that a wake took out of the cursor, because it paused for seconds while it wrote
            it, or had read it before it was lost.
    """

    claims: set[str] = field(default_factory=set)
    tasks: set[str] = field(default_factory=set)
    notices: set[str] = field(default_factory=set)
    running: dict[str, list[float]] = field(default_factory=dict)
    emptied: float = float("inf")
    repaired: float = float("inf")
    made_anew: bool = False
    uncounted: float = 0.0
    known: frozenset[str] = frozenset()
    cursor_lost: float = 0.0
    forgotten: set[str] = field(default_factory=set)


@dataclass
class World:
    """See the module."""

    loop: VirtualLoop
    generations: list[tuple[float, Generation]]
    """From which true epoch second on each was live."""
    entries: dict[str, tuple[Any, float]] = field(default_factory=dict)
    files: dict[str, RunsFile] = field(default_factory=dict)
    """The runs files on the Volume, by their path."""
    written: list[WakeLog] = field(default_factory=list)
    """All that were ever there."""
    lost: list[WakeLog] = field(default_factory=list)
    """Those whose commit said yes, and which never came to be."""
    task_files: dict[str, bytes] = field(default_factory=dict)
    """The files of tasks on the Volume, by their path."""
    calls: dict[str, Call] = field(default_factory=dict)
    starts: dict[str, list[Call]] = field(default_factory=dict)
    """What wakes started, by occurrence id."""
    tries: dict[str, list[Call]] = field(default_factory=dict)
    """What supervisors started, by occurrence id."""
    over: float = 0.0
    """When the last wake had ended, as a true epoch second."""
    met: set[tuple[str, str]] = field(default_factory=set)
    """Which call of a port met which fault."""
    executions: list[Execution] = field(default_factory=list)
    disturbed: set[str] = field(default_factory=set)
    """Occurrences that an execution had in hand in which something went wrong."""
    harm: Harm = field(default_factory=lambda: Harm())
    alarms: list[Alarm] = field(default_factory=list)
    confirmed: set[str] = field(default_factory=set)
    """The calls that a claim has named as started."""
    cursors: set[object] = field(default_factory=set)
    """The ids of all cursors that were ever stored."""
    sendings: dict[str, set[str]] = field(default_factory=dict)
    """The keys under which attempts to send a notice were claimed, by its id."""
    triggered: set[str] = field(default_factory=set)
    """Occurrences that a person has asked for."""
    disturbed_runs: set[str] = field(default_factory=set)
    """Occurrences with a supervisor in which something went wrong, or which was cancelled."""
    foreseen: list[tuple[float, float]] = field(default_factory=list)
    """Spans of true time that a fast clock made an execution believe to be past."""

    @property
    def now(self) -> float:
        """The true time, as an epoch second."""
        return START_SECOND + self.loop.time()

    def was_foreseen(self, due: float) -> bool:
        """Whether some execution believed this true epoch second to be past before it was."""
        return any(begin - 60 <= due <= until for begin, until in self.foreseen)

    def get(self, key: str) -> Entry | None:
        """An entry that is still alive; reading keeps it so."""
        entry = self.peek(key)
        if entry is not None:
            self.entries[key] = (self.entries[key][0], self.now)
        return entry

    def peek(self, key: str) -> Entry | None:
        """An entry that is still alive, which this does not prolong."""
        found = self.entries.get(key)
        if found is None or self.now - found[1] > ENTRY_LIFE:
            return None
        return as_entry(found[0])

    def put(self, key: str, entry: Entry) -> None:
        """Store an entry."""
        self.entries[key] = (entry, self.now)
        if entry.get("state") == ClaimState.STARTED:
            self.confirmed.add(str(entry.get("call")))
        if key == CURSOR_KEY:
            self.cursors.add(entry.get("id"))
        if key.startswith(NOTICE_PREFIX):
            self.sendings.setdefault(notice_of(key), set()).add(key)

    def put_new(self, key: str, entry: Entry) -> bool:
        """Store an entry unless there is one."""
        if self.get(key) is not None:
            return False
        self.put(key, entry)
        call = self.calls.get(str(entry.get("ended")))
        if call is not None and (key, entry) == (queue_key(call.id), closed_queue(call.id)):
            call.closed = self.now
        return True

    def is_over(self, run: Call, at: float) -> bool:
        """Whether the supervisor of a run had said by a time that it is over, and none of its tries
        went on: the supervisor's own call may end later."""
        tries = self.tries.get(run.occurrence, ())
        return run.closed <= at and all(one.ends <= at for one in tries)

    def counted_misses(self) -> Iterator[str]:
        """:func:`counted` of each miss that the cursor says an alarm has counted."""
        cursor = cursor_of(self.peek(CURSOR_KEY))
        if isinstance(cursor, Cursor):
            for name, times in cursor.outbox.misses.items():
                yield from (counted(Occurrence(name, at)) for at in times)

    def is_noted(self, notice: str) -> bool:
        """Whether an entry that is alive says that an alarm was sent."""
        found = (self.entries[key] for key in self.sendings.get(notice, ()))
        return any(
            self.now - read <= ENTRY_LIFE and as_entry(value).get("state") == ClaimedSending.SENT
            for value, read in found
        )

    def live(self, as_of: float) -> Generation | None:
        """What the pointer named at a time."""
        if self.harm.emptied <= as_of < self.harm.repaired:
            return None
        found = bisect_right(self.generations, as_of, key=lambda item: item[0])
        return self.generations[found - 1][1] if found else None

    def store(self, log: WakeLog) -> None:
        """Publish a runs file."""
        self.files[log.path] = RunsFile(log)
        self.written.append(log)

    def start(
        self,
        occurrence: str,
        skew: float,
        *,
        by_hand: bool = False,
        order: dict[str, Any] | None = None,
    ) -> Call:
        """Start what a wake asks for: a target or, with an order, the supervisor."""
        earlier = self.starts.setdefault(occurrence, [])
        repeats = bool(earlier) and any(call.id in self._confirmed(occurrence) for call in earlier)
        call = self._call(occurrence, skew)
        call.by_hand, call.repeats_confirmed, call.order = by_hand, repeats, order
        if order is not None:
            call.ends = float("inf")
        earlier.append(call)
        return call

    def start_try(self, occurrence: str, skew: float) -> Call:
        """Start what a supervisor asks for."""
        call = self._call(occurrence, skew)
        self.tries.setdefault(occurrence, []).append(call)
        return call

    def cancel(self, call: str) -> None:
        """End a call that is still going."""
        found = self.calls[call]
        if found.job is not None:
            # A supervisor that had not begun yet could not say so itself.
            self.disturbed_runs.add(found.occurrence)
            found.job.cancel()
        found.end(self.now, CallStatus(CallState.CANCELLED))

    def _call(self, occurrence: str, skew: float) -> Call:
        number, now = len(self.calls), self.now
        state = CallState.SUCCEEDED if number % FAILING else CallState.FAILED
        ends = now + RUNS[number % len(RUNS)]
        call = Call(f"fc-{number}", occurrence, now, ends, state, skew)
        self.calls[call.id] = call
        return call

    def _confirmed(self, occurrence: str) -> set[object]:
        keys = (occurrence if n == 1 else f"{occurrence}#{n}" for n in range(1, 22))
        alive = (self.entries[key] for key in keys if key in self.entries)
        return {
            as_entry(value).get("call") for value, read in alive if self.now - read <= ENTRY_LIFE
        }
